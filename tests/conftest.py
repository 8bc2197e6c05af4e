"""For every test, with or without Home Assistant: the long tests' switch and Hypothesis' manners."""

from hypothesis import HealthCheck, settings
import pytest

# A shared machine stalls for seconds now and then: no deadlines, and the same examples every time.
settings.register_profile(
    "ems",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ems")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --long."""
    parser.addoption("--long", action="store_true", help="also run the tests that take minutes")


def _skip_long(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("long") is not None:
            item.add_marker(pytest.mark.skip(reason="takes minutes; script/test --long runs it"))


def _keep_recorder_tests(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run on another database only what touches one."""
    others = [item for item in items if "recorder_mock" not in getattr(item, "fixturenames", ())]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the long tests aloud unless asked for; choose what a foreign database is for."""
    if not config.getoption("--long"):
        _skip_long(items)
    # The end-to-end tests run without the plugin that knows this option.
    if not config.getoption("--dburl", "sqlite://").startswith("sqlite"):
        _keep_recorder_tests(config, items)
