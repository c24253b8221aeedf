"""A script of type script: a number that grows by ``step`` with each message, from 0 to 100 and again.

Scripts are run where [pipeline] names their folder in ``scripts`` and has ``run_scripts`` on.
"""


def run(messages, parameters):
    """Yield the channels of each message.

    :param messages: of the source, each with pulse_id, timestamp and data; without a source one at each turn
    :param parameters: the configuration of the pipeline, its own keys included
    """
    value = 0.0
    for message in messages:
        value = (value + parameters["step"]) % 100
        yield {"ramp": value, "seconds": message.timestamp}
