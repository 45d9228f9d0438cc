"""The kinds of server that shapes were seen at: a folder each, and the account that stands for it."""

from typing import NamedTuple

from tests.wire.recorded.shape import Shape


class Server(NamedTuple):
    """A kind of server: its name for people, and the kind of account that speaks its dialects."""

    name: str
    account_kind: str


SERVERS = {
    "ark": Server("Volcengine Ark", "openai"),
    "anthropic": Server("Anthropic", "anthropic"),
    "anthropic_compatible": Server("Anthropic-compatible servers", "anthropic"),
    "azure": Server("Azure OpenAI", "openai"),
    "bedrock_proxies": Server("Proxies in front of Amazon Bedrock", "anthropic"),
    "code_assist": Server("Code Assist", "code_assist"),
    "copilot": Server("GitHub Copilot", "openai"),
    "deepseek": Server("DeepSeek", "openai"),
    "gemini_proxies": Server("Proxies that speak Gemini", "gemini"),
    "glm": Server("GLM (Z.ai, BigModel)", "openai"),
    "google_ai_studio": Server("Google AI Studio", "gemini"),
    "groq": Server("Groq", "openai"),
    "kimi": Server("Kimi (Moonshot)", "openai"),
    "llama_cpp": Server("llama.cpp", "openai"),
    "litellm": Server("LiteLLM", "openai"),
    "minimax": Server("MiniMax", "openai"),
    "mistral": Server("Mistral", "openai"),
    "ollama": Server("Ollama", "openai"),
    "openai": Server("OpenAI", "openai"),
    "openai_proxies": Server("Proxies that speak OpenAI", "openai"),
    "openrouter": Server("OpenRouter", "openai"),
    "perplexity": Server("Perplexity", "openai"),
    "qwen": Server("Qwen (Alibaba Model Studio)", "openai"),
    "sglang": Server("SGLang", "openai"),
    "vertex": Server("Vertex AI", "vertex"),
    "vertex_claude": Server("Claude on Vertex AI", "vertex"),
    "vllm": Server("vLLM", "openai"),
    "xai": Server("xAI", "openai"),
}
"""By folder."""


def account_kind(shape: Shape) -> str:
    """The kind of account at which ``shape`` is played: some servers speak Anthropic's dialect too."""
    if shape.dialect == "anthropic" and shape.server != "vertex_claude":
        return "anthropic"
    return SERVERS[shape.server].account_kind
