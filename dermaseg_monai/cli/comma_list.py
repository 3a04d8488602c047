"""Several words in one option, with commas between."""


def comma_list(text: str | None) -> list[str]:
    """Return the words of an option; empty ones are left out, and without the option there is none."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]
