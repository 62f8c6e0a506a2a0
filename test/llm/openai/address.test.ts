import { describe, expect, it } from "vitest";
import { openLanguageModel } from "#src/llm/index.js";
import { parseOpenaiAddress } from "#src/llm/openai/address.js";

describe("an address", () => {
  it.each([
    ["qwen3@http://localhost:8000/v1", "qwen3", "http://localhost:8000/v1"],
    ["qwen3@http://localhost:8000/v1/", "qwen3", "http://localhost:8000/v1"],
    ["qwen3@http://localhost:8000", "qwen3", "http://localhost:8000/v1"],
    ["qwen3@localhost:8000", "qwen3", "http://localhost:8000/v1"],
    ["qwen3@[::1]:8000", "qwen3", "http://[::1]:8000/v1"],
    ["qwen2.5:7b@gpu1:8000", "qwen2.5:7b", "http://gpu1:8000/v1"],
    ["gpt-4o@api.openai.com", "gpt-4o", "https://api.openai.com/v1"],
    ["meta/llama-3@https://openrouter.ai/api", "meta/llama-3", "https://openrouter.ai/api/v1"],
    ["g@https://example.com/v1beta/openai/", "g", "https://example.com/v1beta/openai"],
    ["m@http://localhost:8000/v1/chat/completions", "m", "http://localhost:8000/v1"],
    ["name@with@http://localhost:1", "name@with", "http://localhost:1/v1"],
  ])("%s", (text, model, base) => {
    expect(parseOpenaiAddress(text)).toEqual({ model, base });
  });

  it.each([
    ["qwen3", "no @ in it"],
    ["@http://localhost", "a part is empty"],
    ["qwen3@", "a part is empty"],
    ["qwen3@ftp://localhost", "no http or https URL"],
    ["qwen3@http://", "no http or https URL"],
    ["qwen3@http://localhost/v1?key=1", "a query or fragment"],
    ["qwen3@http://me:hush@localhost", "a user or password"],
  ])("%s is refused", (text, fault) => {
    const parse = (): unknown => parseOpenaiAddress(text);
    expect(parse).toThrow(expect.objectContaining({ code: "invalid_argument" }));
    expect(parse).toThrow(fault);
    expect(parse).toThrow("wanted openai:MODEL@URL");
    expect(parse).not.toThrow("hush");
  });

  it("of an unknown kind is refused with the known ones", async () => {
    for (const uri of ["qwen3", "ollama:x", "toString:x", ""]) {
      await expect(openLanguageModel(uri)).rejects.toMatchObject({
        code: "invalid_argument",
        message: expect.stringContaining("openai:MODEL@URL"),
      });
    }
  });
});
