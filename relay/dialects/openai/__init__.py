"""OpenAI, in its two wire forms: chat completions, which compatible servers speak too, and responses."""

from relay.dialects.openai.chat.dialect import OPENAI_CHAT as OPENAI_CHAT
from relay.dialects.openai.responses.dialect import OPENAI_RESPONSES as OPENAI_RESPONSES
