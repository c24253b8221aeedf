"""Change a saved pipeline, and one that runs: ``pipeline_config.py [ADDRESS [PIPELINE]]``."""

import sys

from pyca.client import PipelineClient

# Initialize the pipeline client.
pipeline_client = PipelineClient(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8889/")

# Print the list of available pipelines.
print(pipeline_client.get_pipelines())

# The name of the pipeline you want to modify.
pipeline_to_modify = sys.argv[2] if len(sys.argv) > 2 else "simulation"

# Retrieve the pipeline config.
pipeline_config = pipeline_client.get_pipeline_config(pipeline_to_modify)

# Change the image threshold.
pipeline_config["image_threshold"] = 0.5
# Change the image region of interest.
pipeline_config["image_region_of_interest"] = [0, 100, 0, 100]

# Save the pipeline configuration. Instances that run go on as they are.
pipeline_client.save_pipeline_config(pipeline_to_modify, pipeline_config)

# You can also save the same (or another) config under a different pipeline name.
pipeline_client.save_pipeline_config("pipeline_to_delete", pipeline_config)
print("pipeline_to_delete" in pipeline_client.get_pipelines())

# And also delete pipeline configs.
pipeline_client.delete_pipeline_config("pipeline_to_delete")
print("pipeline_to_delete" in pipeline_client.get_pipelines())

# An instance of your own follows changes within a couple of images: send only what changes.
instance_id, _ = pipeline_client.create_instance_from_name(pipeline_to_modify)
changed = pipeline_client.set_instance_config(instance_id, {"image_region_of_interest": [0, 50, 0, 20]})
print(changed["image_region_of_interest"], changed["image_threshold"])
pipeline_client.stop_instance(instance_id)
