def pytest_configure(config):
    config.addinivalue_line("markers", "interop: needs the outside engines of `tools/setup --interop` (make test-all)")
