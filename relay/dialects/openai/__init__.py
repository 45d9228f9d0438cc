"""OpenAI, in its two wire forms: chat completions, which compatible servers speak too, and responses."""

from relay.dialects.interface import Dialect
from relay.dialects.openai.chat.dialect import ChatCompletions
from relay.dialects.openai.responses.dialect import Responses

OPENAI_CHAT: Dialect = ChatCompletions()
OPENAI_RESPONSES: Dialect = Responses()
