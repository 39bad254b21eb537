"""What callers and called parties hear: texts in two languages, and their sound."""

from kinline.prompts.catalogue import Part, Prompt, PromptError, catalogue, sentence, spoken_text
from kinline.prompts.prompter import Prompter, SynthesisError
from kinline.prompts.speakers import LANGUAGES, Lang

__all__ = [
    "LANGUAGES",
    "Lang",
    "Part",
    "Prompt",
    "PromptError",
    "Prompter",
    "SynthesisError",
    "catalogue",
    "sentence",
    "spoken_text",
]
