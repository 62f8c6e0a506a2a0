/** Scores through servers that tell the truth in their ways, and the probe against those that do not. */

import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { type LanguageModel, openLanguageModel } from "#src/llm/index.js";
import { logProbabilities, tokenize } from "../../support/bigram-model.ts";
import { type SmallServer, sendJson, smallServer } from "../../support/http-server.ts";
import { type Manners, scoringServer, type Told } from "../../support/scoring-server.ts";

async function open(server: SmallServer, notices: string[] = []): Promise<LanguageModel> {
  return await openLanguageModel(`openai:bigram@${server.origin}`, {
    tries: 1,
    onNotice: (notice) => notices.push(notice),
  });
}

/** The last tokens of a text with their true values. */
function truth(text: string, count: number): object {
  const tokens = tokenize(text);
  return {
    tokens: tokens.slice(-count),
    logProbabilities: logProbabilities(tokens)
      .slice(-count)
      .map((one) => expect.closeTo(one, 12)),
  };
}

const prompt = "The capital of France is";

/** SentencePiece as vLLM decodes it: marks at the beginning, no spaces before words. */
const withoutSpaces = ({ tokens, values }: Told): Told => ({
  tokens: ["<s>", ...tokens.map((token) => token.trim())],
  values: [null, -3.2, ...values.slice(1)],
});
const underscores = ({ tokens, values }: Told): Told => ({
  tokens: tokens.map((token, index) => (index === 0 ? `▁${token}` : token.replace(" ", "▁"))),
  values,
});

describe("a server that conforms", () => {
  const honest: Record<string, Manners> = {
    "by echo": {},
    "by prompt_logprobs": { promptLogprobs: true, echo: false },
    "one text a request": { lists: false },
    "with marks and without spaces": { tell: withoutSpaces },
    "with marks, by prompt_logprobs": { tell: withoutSpaces, promptLogprobs: true },
    "with pieces": { tell: underscores },
  };
  it.each(Object.entries(honest))(
    "%s gives the log-probabilities of the continuation",
    async (_name, manners) => {
      await using server = await scoringServer(manners);
      const notices: string[] = [];
      const model = await open(server, notices);
      const scores = await model.score!(prompt, [" Paris", " Rome, and the", "", " Paris"]);
      const rounded = scores.map(({ tokens, logProbabilities: values }) => ({
        tokens: tokens.map((token) => token.replace("▁", " ")),
        logProbabilities: values,
      }));
      const trimmed = JSON.stringify(rounded).includes('" ')
        ? (text: string) => text
        : (text: string) => text.trim();
      const wanted = (text: string, count: number): object => {
        const { tokens, ...rest } = truth(prompt + text, count) as { tokens: string[] };
        return { tokens: tokens.map(trimmed), ...rest };
      };
      expect(rounded).toEqual([
        wanted(" Paris", 1),
        wanted(" Rome, and the", 4),
        { tokens: [], logProbabilities: [] },
        wanted(" Paris", 1),
      ]);
      expect(notices).toEqual([
        expect.stringMatching(
          / scores by (echo|prompt_logprobs)(, 16 texts a request)?; \d tokens agree with their generation to 0\.0+$/,
        ),
      ]);
      const asked = server.received.length;
      await model.score!(prompt, [" Paris"]);
      expect(server.received.length).toBe(asked + 1);
    },
  );

  it("waits for a server that is busy, and gives up on one that stays so or fails", async () => {
    let failures = 0;
    let status = 429;
    await using server = await scoringServer({ failure: () => (failures-- > 0 ? status : undefined) });
    const notices: string[] = [];
    const model = await openLanguageModel(`openai:bigram@${server.origin}`, {
      tries: 3,
      onNotice: (notice) => notices.push(notice),
    });
    await model.score!(prompt, [" Paris"]);
    failures = 2;
    const asked = server.received.length;
    expect(await model.score!(prompt, [" Rome, and the"])).toEqual([truth(`${prompt} Rome, and the`, 4)]);
    expect(server.received.length).toBe(asked + 3);
    expect(notices.filter((notice) => /answered 429: not now.*; try \d of 3/.test(notice))).toHaveLength(2);
    for (status of [429, 500]) {
      failures = 3;
      await expect(model.score!(prompt, [" Rome"])).rejects.toMatchObject({
        code: "network",
        message: expect.stringContaining(`/completions answered ${status}: not now`),
      });
    }
    expect(await model.score!(prompt, [" Rome"])).toEqual([truth(`${prompt} Rome`, 1)]);
  });

  it("sends continuations together where it may, and each once", async () => {
    await using server = await scoringServer();
    const model = await open(server);
    await model.score!(prompt, [" Paris"]);
    const before = server.received.length;
    const many = Array.from({ length: 20 }, (_, index) => ` Paris${" dog".repeat(index % 18)}`);
    const scores = await model.score!(prompt, many);
    expect(scores.map(({ tokens }) => tokens.length)).toEqual(many.map((_, index) => 1 + (index % 18)));
    expect(
      server.received
        .slice(before)
        .map(({ body }) => [body.prompt].flat().length)
        .sort(),
    ).toEqual([16, 2]);
  });

  it("counts a token that the boundary runs through to the continuation", async () => {
    await using server = await scoringServer();
    const model = await open(server);
    expect(await model.score!("The cap", ["ital of"])).toEqual([truth("The capital of", 2)]);
    expect(await model.score!("The ", ["dog"])).toEqual([truth("The dog", 1)]);
    await expect(model.score!("Th", ["e dog"])).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(model.score!("", ["The dog"])).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("is asked for tokens that are parts of characters", async () => {
    const cases: [string, (token: string) => string[]][] = [
      [
        "bytes as nothing",
        (token) => (/[^\x20-\x7e]/.test(token) ? [...Buffer.from(token)].map(() => "") : [token]),
      ],
      ["two parts", (token) => (/[^\x20-\x7e]/.test(token) ? ["\uFFFD", "\uFFFD"] : [token])],
    ];
    for (const [, parts] of cases) {
      const tell = ({ tokens, values }: Told): Told => ({
        tokens: tokens.flatMap(parts),
        values: tokens.flatMap((token, index) =>
          parts(token).map((_, part) => (part === 0 ? values[index]! : -0.5)),
        ),
      });
      await using server = await scoringServer({ tell });
      const model = await open(server);
      const [score] = await model.score!("A 🦊 é", [" dog 🦊."]);
      const fox = parts("🦊").length;
      expect(score!.tokens).toHaveLength(1 + 1 + fox + 1);
      expect(score!.logProbabilities.at(-1)).toBeCloseTo(logProbabilities(["🦊", "."])[1]!, 12);
      // The boundary stands between two characters that are both cut.
      const [cut] = await model.score!("A 🦊", ["🦊 dog"]);
      expect(cut!.tokens).toHaveLength((fox === 4 ? 4 : 4) + 1);
    }
  });
});

describe("a server that does not is refused with what was seen:", () => {
  const shift =
    (by: number) =>
    ({ tokens, values }: Told): Told => ({
      tokens,
      values: values.map((_, index) => (index === 0 ? null : (values[index + by] ?? -1))),
    });
  const tellAll =
    (change: (value: number, index: number) => number | null | string) =>
    ({ tokens, values }: Told): Told => ({
      tokens,
      values: values.map((one, index) => (typeof one === "number" ? change(one, index) : one)),
    });
  const liars: Record<string, [Manners, RegExp]> = {
    "takes no echo": [{ echo: false }, /echo: ignored \(the text comes back without the prompt/],
    "tells nothing": [{ echo: false, generatedLogprobs: false }, /echo: ignored \(no logprobs in the answer/],
    "leaves out the end": [
      { tell: ({ tokens, values }) => ({ tokens: tokens.slice(0, -9), values: values.slice(0, -9) }) },
      /echo: truncated \(\d+ tokens that spell ".* where "The capital of France/,
    ],
    "leaves out the beginning": [
      { tell: ({ tokens, values }) => ({ tokens: tokens.slice(3), values: values.slice(3) }) },
      /echo: truncated/,
    ],
    "leaves out values": [
      { tell: tellAll((one, index) => (index % 5 === 4 ? null : one)) },
      /echo: truncated \(\d+ of \d+ tokens without/,
    ],
    "gives less values than tokens": [
      { tell: ({ tokens, values }) => ({ tokens, values: values.slice(2) }) },
      /echo: truncated \(\d+ log-probabilities for \d+ tokens/,
    ],
    "reads another text": [
      { tell: ({ tokens, values }) => ({ tokens: tokens.map((token) => token.toUpperCase()), values }) },
      /echo: another text/,
    ],
    "is one late": [
      { tell: shift(-1) },
      /echo: shifted \(in \d of \d texts the value of a token stands at the token after it/,
    ],
    "is one early": [{ tell: shift(1) }, /echo: shifted \(.* the token before it/],
    "gives one value": [
      { tell: tellAll(() => -1.25) },
      /echo: constant \(each of \d+ tokens has the log-probability -1.25/,
    ],
    "gives zeros": [{ tell: tellAll(() => 0) }, /echo: constant/],
    "is positive": [{ tell: tellAll((one) => -one) }, /echo: positive \(a log-probability of \d/],
    "writes NaN": [{ tell: tellAll(() => "NaN") }, /echo: no numbers/],
    "writes text": [{ tell: tellAll(() => "none") }, /echo: no numbers \(a log-probability of none/],
    "has bits for nats": [
      { tell: tellAll((one) => one / Math.LN2) },
      /echo: other values \(a token has -\d.* where the server told -\d/,
    ],
    "gives probabilities of tokens alone": [
      {
        tell: ({ tokens, values }) => ({
          tokens,
          values: values.map((one, index) => one && -tokens[index]!.length),
        }),
      },
      /echo: other values/,
    ],
    "cannot be checked": [{ generatedLogprobs: false }, /echo: cannot be checked/],
  };
  it.each(Object.entries(liars))("%s", async (_name, [manners, seen]) => {
    await using server = await scoringServer(manners);
    const model = await open(server);
    const error = await model.score!(prompt, [" Paris"]).catch((thrown) => thrown);
    expect(error).toMatchObject({ code: "unsupported", message: expect.stringMatching(seen) });
    expect(error.message).toMatch(/prompt_logprobs: ignored \(no prompt_logprobs in the answer\)/);
    const asked = server.received.length;
    await expect(model.score!(prompt, [" Rome"])).rejects.toThrow(error);
    expect(server.received.length).toBe(asked);
  });

  it.each(Object.entries(liars).filter(([name]) => /late|one value|positive|NaN|bits|leaves/.test(name)))(
    "%s, by prompt_logprobs",
    async (_name, [manners, seen]) => {
      await using server = await scoringServer({ ...manners, echo: false, promptLogprobs: true });
      const model = await open(server);
      const wanted = new RegExp(seen.source.replace("echo", "prompt_logprobs"));
      await expect(model.score!(prompt, [" Paris"])).rejects.toMatchObject({
        code: "unsupported",
        message: expect.stringMatching(wanted),
      });
    },
  );

  it("has no completions", async () => {
    await using server = await smallServer((response) => sendJson(response, { detail: "Not Found" }, 404));
    const model = await open(server);
    await expect(model.score!(prompt, [" Paris"])).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(/prompt_logprobs: refused \(.*404.*echo: refused/),
    });
  });
});

it("a server that is away is no server that cannot score", async () => {
  let isAway = true;
  await using honest = await scoringServer();
  await using server = await smallServer(async (response, { body }) => {
    if (isAway) return sendJson(response, { error: { message: "loading" } }, 503);
    const answer = await fetch(`${honest.origin}/v1/completions`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    sendJson(response, await answer.json());
  });
  const model = await open(server);
  await expect(model.score!(prompt, [" Paris"])).rejects.toMatchObject({ code: "network" });
  isAway = false;
  expect(await model.score!(prompt, [" Paris"])).toEqual([truth(`${prompt} Paris`, 1)]);
});

it("a caller that goes away ends its own wait and not the probe of others", async () => {
  await using server = await scoringServer();
  const model = await open(server);
  const gone = new AbortController();
  const first = model.score!(prompt, [" Paris"], { signal: gone.signal });
  const second = model.score!(prompt, [" Paris"]);
  gone.abort();
  await expect(first).rejects.toMatchObject({ code: "interrupted" });
  expect(await second).toEqual([truth(`${prompt} Paris`, 1)]);
});

it("a text longer than the window is refused as such", async () => {
  await using honest = await scoringServer();
  await using server = await smallServer(async (response, { body }) => {
    const longest = Math.max(...[body.prompt].flat().map(({ length }: string) => length));
    if (longest > 200)
      return sendJson(response, { error: { message: "maximum context length is 50 tokens" } }, 400);
    const answer = await fetch(`${honest.origin}/v1/completions`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    sendJson(response, await answer.json());
  });
  const model = await open(server);
  await expect(model.score!(prompt.repeat(10), [" Paris"])).rejects.toMatchObject({
    code: "invalid_argument",
    message: expect.stringContaining("maximum context length is 50 tokens"),
  });
});

it("many calls follow one signal without a warning or a trace", async () => {
  await using server = await scoringServer();
  const model = await open(server);
  const { signal } = new AbortController();
  const warnings: Error[] = [];
  const listen = (warning: Error): void => {
    warnings.push(warning);
  };
  process.on("warning", listen);
  await Promise.all(Array.from({ length: 30 }, () => model.score!(prompt, [" Paris"], { signal })));
  await new Promise(setImmediate);
  process.off("warning", listen);
  expect(warnings).toEqual([]);
  expect(getEventListeners(signal, "abort").length).toBeLessThan(2);
});

it("a server that changes its mind is no silent zero", async () => {
  let isHonest = true;
  await using server = await scoringServer({
    tell: (told) => (isHonest ? told : { tokens: told.tokens, values: told.values.map(() => null) }),
  });
  const model = await open(server);
  await model.score!(prompt, [" Paris"]);
  isHonest = false;
  await expect(model.score!(prompt, [" Paris"])).rejects.toMatchObject({
    code: "network",
    message: expect.stringContaining("without a log-probability"),
  });
});
