def pytest_configure(config):
    config.addinivalue_line("markers", "interop: needs the outside engines of `tools/setup --interop` (make test-all)")
    config.addinivalue_line("markers", "house: builds a scratch copy of the tree with made-up parts (make test-all)")
    config.addinivalue_line("markers", "deep: takes minutes and shows much the same as others (make test-deep)")
