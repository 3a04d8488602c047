from hypothesis import settings

# the same examples in every run, no time limit on a busy machine, nothing written into the checkout
settings.register_profile("dermaseg", deadline=None, derandomize=True, database=None)
settings.load_profile("dermaseg")
