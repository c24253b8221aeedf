"""The names of channels, as the contract orders them."""


def _names(text: str) -> list[str]:
    return text.split()


ORDER = _names("""
x_axis y_axis image width height processing_parameters timestamp min_value max_value x_profile
y_profile intensity x_fwhm y_fwhm x_center_of_mass x_rms y_center_of_mass y_rms x_fit_gauss_function
x_fit_offset x_fit_amplitude x_fit_standard_deviation x_fit_mean y_fit_gauss_function y_fit_offset
y_fit_amplitude y_fit_standard_deviation y_fit_mean
""")
REGION = _names("""
good_region gr_x_axis gr_y_axis gr_x_profile gr_y_profile gr_x_fit_gauss_function gr_x_fit_offset
gr_x_fit_amplitude gr_x_fit_standard_deviation gr_x_fit_mean gr_y_fit_gauss_function gr_y_fit_offset
gr_y_fit_amplitude gr_y_fit_standard_deviation gr_y_fit_mean gr_intensity
""")
SLICES = _names("""
slice_orientation slice_amount slice_length slice_0_center_x slice_0_center_y
slice_0_standard_deviation slice_0_intensity slice_1_center_x slice_1_center_y
slice_1_standard_deviation slice_1_intensity slice_2_center_x slice_2_center_y
slice_2_standard_deviation slice_2_intensity coupling coupling_slope coupling_offset
""")
