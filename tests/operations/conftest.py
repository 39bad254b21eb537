from tests.operations.fixtures import house, house_template

__all__ = ["house", "house_template"]
