"""Which model refines the rules' verdict, if any."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class ModelSettings(BaseModel):
    """Group `model` of the settings (AIOPS_MODEL__...). Without a provider the rules decide alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["none", "bedrock", "openai", "anthropic"] = Field("none", description="who serves the model; none: rules only")
    name: str = Field("anthropic.claude-3-5-haiku-20241022-v1:0", description="the model's id at that provider")
    base_url: str | None = Field(None, description="another OpenAI-compatible endpoint (Ollama, vLLM ...)")
    api_key: SecretStr | None = Field(None, description="for openai and anthropic; bedrock uses the task role")
    region: str | None = Field(None, description="Bedrock's region where it is not the daemon's own")
    timeout_seconds: float = Field(20, gt=0, le=25, description="a slower answer is no answer; must stay below the lease")
    max_tokens: int = Field(1000, ge=200, description="of the answer; without it Bedrock streams and needs another permission")
    dollars_per_million_input_tokens: float | None = Field(
        None, ge=0, description="for the cost budget and metric; unset: the built-in list's price, the dearest for a model it does not know"
    )
    dollars_per_million_output_tokens: float | None = Field(None, ge=0, description="as above")
