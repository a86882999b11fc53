"""Has the checks of facts say what they found, as tests do."""

import pytest

pytest.register_assert_rewrite("tests.corpus.facts")
