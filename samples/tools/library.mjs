/** The sample MCP server of the demo: a ship's library with five tools, over standard input and output. */

import { McpServer } from "@modelcontextprotocol/server";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { z } from "zod";

const morse = Object.fromEntries(
  "a.- b-... c-.-. d-.. e. f..-. g--. h.... i.. j.--- k-.- l.-.. m-- n-. o--- p.--. q--.- r.-. s... t- u..- v...- w.-- x-..- y-.-- z--.. 0----- 1.---- 2..--- 3...-- 4....- 5..... 6-.... 7--... 8---.. 9----."
    .split(" ")
    .map((entry) => [entry[0], entry.slice(1)]),
);
const letters = Object.fromEntries(Object.entries(morse).map(([letter, code]) => [code, letter]));

/** Bends and hitches with what they are for. */
const knots = [
  { name: "bowline", use: "a loop that neither slips nor jams, to make a line fast to a ring or a person" },
  { name: "clove hitch", use: "to make fast to a post quickly, where the pull is steady" },
  { name: "sheet bend", use: "to join two ropes of different thickness" },
  { name: "figure of eight", use: "a stopper that keeps a rope from running out of a block" },
  { name: "rolling hitch", use: "to pull along a rope or a spar without slipping" },
  { name: "reef knot", use: "to tie the two ends of one rope around something, such as a reefed sail" },
];

const text = (value) => ({ content: [{ type: "text", text: value }] });
const structured = (value) => ({ ...text(JSON.stringify(value)), structuredContent: value });

const server = new McpServer({ name: "ships-library", version: "1.0.0" });

server.registerTool(
  "morse_encode",
  {
    description:
      "Turns a text into Morse code: dots and dashes, a space between letters, a slash between words.",
    inputSchema: z.object({ text: z.string().max(1000).describe("letters, digits and spaces") }),
  },
  ({ text: plain }) =>
    text(
      plain
        .toLowerCase()
        .split(/\s+/)
        .map((word) => [...word].map((letter) => morse[letter] ?? "").join(" "))
        .join(" / "),
    ),
);

server.registerTool(
  "morse_decode",
  {
    description: "Reads Morse code and gives the text that it spells.",
    inputSchema: z.object({ code: z.string().max(5000).describe("dots and dashes, spaces and slashes") }),
  },
  ({ code }) =>
    text(
      code
        .trim()
        .split(/\s*\/\s*/)
        .map((word) =>
          word
            .split(/\s+/)
            .map((sign) => letters[sign] ?? "?")
            .join(""),
        )
        .join(" "),
    ),
);

server.registerTool(
  "days_between",
  {
    description: "Counts the days from one date to another.",
    inputSchema: z.object({ from: z.iso.date(), to: z.iso.date() }),
    outputSchema: z.object({ days: z.number() }),
  },
  ({ from, to }) => structured({ days: (Date.parse(to) - Date.parse(from)) / 86_400_000 }),
);

server.registerTool(
  "local_time",
  {
    description: "Tells what the clock shows in a time zone at a given moment.",
    inputSchema: z.object({
      moment: z.iso.datetime().describe("UTC, such as 2026-07-18T10:00:00Z"),
      zone: z.string().describe("name in the time zone database, such as Europe/Copenhagen"),
    }),
  },
  ({ moment, zone }) =>
    text(
      new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" }).format(
        new Date(moment),
      ),
    ),
);

server.registerTool(
  "find_knot",
  {
    description: "Finds the knot for a purpose, from a small table of bends and hitches.",
    inputSchema: z.object({ purpose: z.string().describe("what the knot should do, in a few words") }),
    outputSchema: z.object({ name: z.string(), use: z.string() }),
  },
  ({ purpose }) => {
    const words = new Set(purpose.toLowerCase().match(/[a-z]+/g) ?? []);
    const shared = ({ use }) =>
      use.match(/[a-z]+/g).filter((word) => word.length > 3 && words.has(word)).length;
    return structured([...knots].sort((a, b) => shared(b) - shared(a))[0]);
  },
);

await server.connect(new StdioServerTransport());
