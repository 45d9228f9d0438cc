"""How each client is told to use this server: text to copy, as one table. PURE.

docs/clients.md holds the same text, and the key's connect page shows it with the address it is seen under.
A key is stored as its digest only, so the text names ``$PROXY_KEY``; the page that shows a new key names the
key itself. What a client reads from where is from its vendor's documentation, and was tried.
"""

from collections.abc import Callable, Sequence
from string import Template
from typing import Final

from msgspec import Struct

from accounts.facts.model_facts import SHIPPED

DOCUMENTED_ADDRESS: Final = "http://127.0.0.1:8045"
FALLBACK_MODELS: Final = {
    "anthropic": "claude-sonnet-4-6",
    "gemini": "gemini-3-flash-preview",
    "openai": "gpt-6.2-sol",
}
"""The models that the text names where they are served, or nothing is known to be."""

_VARIABLES: Final = ('os.environ["PROXY_KEY"]', "process.env.PROXY_KEY")
"""How the languages of the texts read the variable."""


class ClientSetup(Struct, frozen=True):
    """One client: its ``name``, the ``dialect`` it speaks, where the text goes, and the text.

    ``$address`` and ``$model`` in the text are filled in; ``$$PROXY_KEY`` stays as ``$PROXY_KEY``.
    """

    slug: str
    name: str
    dialect: str
    where: str
    text: str

    def filled(self, address: str, model: str) -> str:
        """The text for a server at ``address`` (no slash at the end)."""
        return Template(self.text).substitute(address=address, model=model)

    def filled_with_key(self, address: str, model: str, key: str) -> str:
        """The same with the key itself; what takes it from a variable alone says first how to set that."""
        text = self.filled(address, model)
        for variable in _VARIABLES:
            text = text.replace(variable, f'"{key}"')
        text = text.replace("$PROXY_KEY", key).removeprefix("import os\n")
        return f"# in the shell: export PROXY_KEY={key}\n{text}" if "PROXY_KEY" in text else text


CLIENTS: Final = (
    ClientSetup(
        "claude-code",
        "Claude Code",
        "anthropic",
        "shell",
        """\
export ANTHROPIC_BASE_URL=$address
export ANTHROPIC_AUTH_TOKEN=$$PROXY_KEY
export ANTHROPIC_MODEL=$model
claude
""",
    ),
    ClientSetup(
        "gemini-cli",
        "gemini-cli",
        "gemini",
        "shell",
        """\
export GOOGLE_GEMINI_BASE_URL=$address
export GEMINI_API_KEY=$$PROXY_KEY
gemini --model $model
""",
    ),
    ClientSetup(
        "codex",
        "Codex CLI",
        "openai",
        "~/.codex/config.toml",
        """\
model = "$model"
model_provider = "evenkeel"

[model_providers.evenkeel]
name = "Evenkeel"
base_url = "$address/v1"
env_key = "PROXY_KEY"
wire_api = "responses"
""",
    ),
    ClientSetup(
        "anthropic-python",
        "Anthropic SDK, Python",
        "anthropic",
        "pip install anthropic",
        """\
import os
from anthropic import Anthropic

client = Anthropic(base_url="$address", api_key=os.environ["PROXY_KEY"])
answer = client.messages.create(
    model="$model",
    max_tokens=1024,
    messages=[{"role": "user", "content": "Hello!"}],
)
print(answer.content[0].text)
""",
    ),
    ClientSetup(
        "google-python",
        "Google SDK, Python",
        "gemini",
        "pip install google-genai",
        """\
import os
from google import genai

client = genai.Client(api_key=os.environ["PROXY_KEY"], http_options={"base_url": "$address"})
answer = client.models.generate_content(model="$model", contents="Hello!")
print(answer.text)
""",
    ),
    ClientSetup(
        "openai-python",
        "OpenAI SDK, Python",
        "openai",
        "pip install openai",
        """\
import os
from openai import OpenAI

client = OpenAI(base_url="$address/v1", api_key=os.environ["PROXY_KEY"])
answer = client.chat.completions.create(
    model="$model",
    messages=[{"role": "user", "content": "Hello!"}],
)
print(answer.choices[0].message.content)
""",
    ),
    ClientSetup(
        "anthropic-typescript",
        "Anthropic SDK, TypeScript",
        "anthropic",
        "npm install @anthropic-ai/sdk",
        """\
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "$address", apiKey: process.env.PROXY_KEY });
const answer = await client.messages.create({
  model: "$model",
  max_tokens: 1024,
  messages: [{ role: "user", content: "Hello!" }],
});
console.log(answer.content);
""",
    ),
    ClientSetup(
        "google-typescript",
        "Google SDK, TypeScript",
        "gemini",
        "npm install @google/genai",
        """\
import { GoogleGenAI } from "@google/genai";

const client = new GoogleGenAI({
  apiKey: process.env.PROXY_KEY,
  httpOptions: { baseUrl: "$address" },
});
const answer = await client.models.generateContent({ model: "$model", contents: "Hello!" });
console.log(answer.text);
""",
    ),
    ClientSetup(
        "openai-typescript",
        "OpenAI SDK, TypeScript",
        "openai",
        "npm install openai",
        """\
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "$address/v1", apiKey: process.env.PROXY_KEY });
const answer = await client.chat.completions.create({
  model: "$model",
  messages: [{ role: "user", content: "Hello!" }],
});
console.log(answer.choices[0].message.content);
""",
    ),
    ClientSetup(
        "curl-anthropic",
        "curl, Anthropic Messages",
        "anthropic",
        "shell",
        """\
curl -sS -N $address/v1/messages \\
  -H "x-api-key: $$PROXY_KEY" -H "anthropic-version: 2023-06-01" -H "content-type: application/json" \\
  -d '{"model": "$model", "max_tokens": 256, "stream": true,
       "messages": [{"role": "user", "content": "Hello!"}]}'
""",
    ),
    ClientSetup(
        "curl-gemini",
        "curl, Gemini",
        "gemini",
        "shell",
        """\
curl -sS -N "$address/v1beta/models/$model:streamGenerateContent?alt=sse" \\
  -H "x-goog-api-key: $$PROXY_KEY" -H "content-type: application/json" \\
  -d '{"contents": [{"role": "user", "parts": [{"text": "Hello!"}]}]}'
""",
    ),
    ClientSetup(
        "curl-openai",
        "curl, OpenAI chat completions",
        "openai",
        "shell",
        """\
curl -sS -N $address/v1/chat/completions \\
  -H "authorization: Bearer $$PROXY_KEY" -H "content-type: application/json" \\
  -d '{"model": "$model", "stream": true, "messages": [{"role": "user", "content": "Hello!"}]}'
""",
    ),
)


def model_for(
    dialect: str,
    offered: Sequence[str],
    is_served: Callable[[str], bool],
    vendor_of: Callable[[str], str] = SHIPPED.vendor_of,
) -> str:
    """The model to name to a client of ``dialect``: one of its own family that is served, else any other.

    ``offered`` are the names that the server lists, of which clients of every dialect may ask for each;
    ``vendor_of`` tells whose family a name is of.
    """
    usual = FALLBACK_MODELS[dialect]
    if is_served(usual):
        return usual
    own = [name for name in offered if vendor_of(name) == dialect]
    others = [name for name in FALLBACK_MODELS.values() if is_served(name)]
    return next(iter([*own, *others, *offered]), usual)
