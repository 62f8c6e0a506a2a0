/**
 * Filters as people write them, like the WHERE of an SQL query:
 *
 *     year >= 2020 and (lang = 'en' or tags in ('a', 'b')) and not draft = true
 *
 * condition: `KEY = 'text'` (also != <> < <= > >=), `KEY in (…)`, `KEY not in (…)`, `KEY is null`, `KEY is not null`,
 * and the constants `true` and `false`. Values are 'text' (a quote doubled), numbers, true, false. A key with other
 * characters than letters, digits, `_` and `.`, or spelt like a word of the language, goes in "double quotes".
 * `not` binds tightest, then `and`, then `or`; words may be in either case.
 */

import { RetrieveError } from "../std/index.ts";
import { type Comparison, checkFilter, type Filter, type Scalar } from "./filter.ts";

const WORDS: ReadonlySet<string> = new Set(["and", "or", "not", "in", "is", "null", "true", "false"]);
const BARE_KEY = /^[\p{L}_][\p{L}\p{N}_.]*$/u;
const TOKEN =
  /\s*(?:(?<text>'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`)|(?<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_.]))|(?<word>[\p{L}_][\p{L}\p{N}_.]*)|(?<sign>==|!=|<>|<=|>=|[=<>(),]))/uy;

/** Redundant parentheses the parser follows before it calls the text hostile. */
const MAX_PARENTHESES = 64;

type Kind = "text" | "key" | "number" | "word" | "sign" | "end";

interface Token {
  readonly kind: Kind;
  /** Unquoted; words in lower case. */
  readonly value: string;
  /** As written. */
  readonly raw: string;
  readonly position: number;
}

/**
 * The filter that a text stands for.
 *
 * Throws `invalid_argument` with the place of the fault, marked in the text.
 */
export function parseFilter(text: string): Filter {
  const parser = createParser(text);
  const filter = parseOr(parser, 0);
  if (parser.peek().kind !== "end") throw parser.wanted("`and`, `or` or the end");
  checkFilter(filter);
  return filter;
}

/** The text of a filter; {@link parseFilter} reads it back. A list of one condition becomes that condition. */
export function formatFilter(filter: Filter): string {
  if ("and" in filter) return formatList(filter.and, " and ", "true");
  if ("or" in filter) return formatList(filter.or, " or ", "false");
  if ("not" in filter) return `not ${formatPart(filter.not)}`;
  const key = formatKey(filter.field);
  if ("exists" in filter) return `${key} is ${filter.exists ? "not null" : "null"}`;
  if ("in" in filter) return `${key} in (${filter.in.map(formatValue).join(", ")})`;
  return `${key} ${filter.op} ${formatValue(filter.value)}`;
}

function formatList(parts: readonly Filter[], joint: string, empty: string): string {
  const [only] = parts;
  if (only === undefined) return empty;
  return parts.length === 1 ? formatFilter(only) : parts.map(formatPart).join(joint);
}

function formatPart(filter: Filter): string {
  const list = "and" in filter ? filter.and : "or" in filter ? filter.or : [];
  const [only] = list;
  if (list.length === 1 && only !== undefined) return formatPart(only);
  return list.length > 1 ? `(${formatFilter(filter)})` : formatFilter(filter);
}

function formatKey(key: string): string {
  return BARE_KEY.test(key) && !WORDS.has(key.toLowerCase()) ? key : `"${key.replaceAll('"', '""')}"`;
}

function formatValue(value: Scalar): string {
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
}

function parseOr(parser: Parser, depth: number): Filter {
  const parts = [parseAnd(parser, depth)];
  while (parser.take("word", "or")) parts.push(parseAnd(parser, depth));
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : { or: parts };
}

function parseAnd(parser: Parser, depth: number): Filter {
  const parts = [parseNot(parser, depth)];
  while (parser.take("word", "and")) parts.push(parseNot(parser, depth));
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : { and: parts };
}

function parseNot(parser: Parser, depth: number): Filter {
  if (depth > MAX_PARENTHESES) throw parser.wanted("fewer parentheses and `not`s inside each other");
  if (parser.take("word", "not")) return { not: parseNot(parser, depth + 1) };
  if (parser.take("sign", "(")) {
    const inner = parseOr(parser, depth + 1);
    if (!parser.take("sign", ")")) throw parser.wanted("`and`, `or` or `)`");
    return inner;
  }
  if (parser.take("word", "true")) return { and: [] };
  if (parser.take("word", "false")) return { or: [] };
  return parseCondition(parser);
}

function parseCondition(parser: Parser): Filter {
  const field = parseKey(parser);
  if (parser.take("word", "is")) {
    const exists = parser.take("word", "not");
    if (!parser.take("word", "null")) throw parser.wanted(exists ? "`null`" : "`null` or `not null`");
    return { field, exists };
  }
  if (parser.take("word", "not")) {
    if (!parser.take("word", "in")) throw parser.wanted("`in`");
    return { not: { field, in: parseValues(parser) } };
  }
  if (parser.take("word", "in")) return { field, in: parseValues(parser) };
  const op = comparisonOf(parser.peek());
  if (op === undefined) throw parser.wanted("a comparison (= != < <= > >=), `in` or `is`");
  parser.next();
  return { field, op, value: parseValue(parser) };
}

function parseKey(parser: Parser): string {
  const token = parser.peek();
  const isKey = token.kind === "key" || (token.kind === "word" && !WORDS.has(token.value.toLowerCase()));
  if (!isKey) throw parser.wanted("a metadata key");
  parser.next();
  return token.value;
}

function parseValues(parser: Parser): Scalar[] {
  if (!parser.take("sign", "(")) throw parser.wanted("`(`");
  const values: Scalar[] = [];
  if (parser.take("sign", ")")) return values;
  do values.push(parseValue(parser));
  while (parser.take("sign", ","));
  if (!parser.take("sign", ")")) throw parser.wanted("`,` or `)`");
  return values;
}

function parseValue(parser: Parser): Scalar {
  const token = parser.peek();
  const word = token.kind === "word" ? token.value.toLowerCase() : "";
  if (word === "null") throw parser.wanted("a value (for absent keys write `KEY is null`)");
  const isNumber = token.kind === "number" && Number.isFinite(Number(token.value));
  if (token.kind !== "text" && !isNumber && word !== "true" && word !== "false") {
    throw parser.wanted("a value: 'text' in single quotes, a number, true or false");
  }
  parser.next();
  if (token.kind === "text") return token.value;
  return token.kind === "number" ? Number(token.value) : word === "true";
}

function comparisonOf(token: Token): Comparison | undefined {
  if (token.kind !== "sign") return undefined;
  switch (token.value) {
    case "==":
      return "=";
    case "<>":
      return "!=";
    case "=":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return token.value;
    default:
      return undefined;
  }
}

interface Parser {
  peek(): Token;
  next(): void;
  /** Steps over the token when it is this one; words in either case. */
  take(kind: Kind, value: string): boolean;
  wanted(what: string): RetrieveError;
}

function createParser(text: string): Parser {
  let token = readToken(text, 0);
  const next = (): void => {
    token = readToken(text, token.position + token.raw.length);
  };
  return {
    peek: () => token,
    next,
    take(kind, value) {
      if (token.kind !== kind || token.value.toLowerCase() !== value) return false;
      next();
      return true;
    },
    wanted: (what) => syntaxError(text, token, what),
  };
}

function readToken(text: string, from: number): Token {
  TOKEN.lastIndex = from;
  const groups = TOKEN.exec(text)?.groups;
  if (groups === undefined) {
    const rest = text.slice(from).trimStart();
    const position = text.length - rest.length;
    if (rest === "") return { kind: "end", value: "", raw: "", position: text.length };
    throw syntaxError(text, { kind: "sign", value: "", raw: startOf(rest), position }, faultOf(rest));
  }
  const [name, raw] = Object.entries(groups).find(([, found]) => found !== undefined) ?? ["sign", ""];
  const position = TOKEN.lastIndex - raw.length;
  if (name === "text") return { kind: "text", value: unquote(raw), raw, position };
  if (name === "quoted") return { kind: "key", value: unquote(raw), raw, position };
  const kind = name === "number" || name === "word" ? name : "sign";
  return { kind, value: raw, raw, position };
}

function unquote(raw: string): string {
  const quote = raw[0] ?? "";
  return raw.slice(1, -1).replaceAll(quote + quote, quote);
}

function faultOf(rest: string): string {
  return /^['"`]/.test(rest) ? `the closing ${rest[0]}` : "a key, a value, a comparison or a parenthesis";
}

function startOf(rest: string): string {
  return /^(?:[\p{L}\p{N}_.]+|.)/su.exec(rest)?.[0] ?? "";
}

function syntaxError(text: string, token: Token, wanted: string): RetrieveError {
  const got = token.kind === "end" ? "the end" : token.raw;
  const start = Math.max(0, token.position - 60);
  const line = text.slice(start, token.position + 40).replaceAll(/\s/g, " ");
  const caret = `${" ".repeat(token.position - start)}^`;
  return new RetrieveError(
    "invalid_argument",
    `filter: at position ${token.position + 1} got ${got}, wanted ${wanted}\n  ${line}\n  ${caret}`,
  );
}
