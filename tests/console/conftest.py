from tests.operations.fixtures import any_house, house

__all__ = ["any_house", "house"]
