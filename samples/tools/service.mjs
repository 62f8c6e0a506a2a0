/**
 * The sample service of the demo: eight small operations of a harbour office, described by `openapi.json`.
 *
 * Listens on the loopback address only, keeps its log in memory, and answers the same question the same way always.
 */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

const ports = {
  marstal: { name: "Marstal", country: "Denmark", latitude: 54.853, longitude: 10.518 },
  ystad: { name: "Ystad", country: "Sweden", latitude: 55.427, longitude: 13.826 },
  hammerhavn: { name: "Hammerhavn", country: "Denmark", latitude: 55.279, longitude: 14.758 },
  greenwich: { name: "Greenwich", country: "United Kingdom", latitude: 51.483, longitude: 0.005 },
  brest: { name: "Brest", country: "France", latitude: 48.383, longitude: -4.495 },
  bergen: { name: "Bergen", country: "Norway", latitude: 60.397, longitude: 5.324 },
  lisbon: { name: "Lisbon", country: "Portugal", latitude: 38.7, longitude: -9.133 },
  gdansk: { name: "Gdańsk", country: "Poland", latitude: 54.352, longitude: 18.653 },
};

/** Metres, kilograms and metres a second; a unit converts within its quantity only. */
const units = {
  m: ["length", 1],
  km: ["length", 1000],
  ft: ["length", 0.3048],
  fathom: ["length", 1.8288],
  "nautical-mile": ["length", 1852],
  kg: ["mass", 1],
  lb: ["mass", 0.45359237],
  "m/s": ["speed", 1],
  "km/h": ["speed", 1 / 3.6],
  knot: ["speed", 1852 / 3600],
};

/** Upper limits of Beaufort 0 to 11 in metres a second (World Meteorological Organization, Manual on Codes). */
const beaufortLimits = [0.2, 1.5, 3.3, 5.4, 7.9, 10.7, 13.8, 17.1, 20.7, 24.4, 28.4, 32.6];
const beaufortNames =
  "calm,light air,light breeze,gentle breeze,moderate breeze,fresh breeze,strong breeze,near gale,gale,strong gale,storm,violent storm,hurricane".split(
    ",",
  );

/** Meanings of single flags in the International Code of Signals. */
const flags = {
  A: "I have a diver down; keep well clear at slow speed.",
  B: "I am taking in, or discharging, or carrying dangerous goods.",
  C: "Yes.",
  D: "Keep clear of me; I am manoeuvring with difficulty.",
  H: "I have a pilot on board.",
  K: "I wish to communicate with you.",
  N: "No.",
  O: "Man overboard.",
  P: "In harbour: all persons should report on board, the vessel is about to sail.",
  Q: "My vessel is healthy and I request free pratique.",
  V: "I require assistance.",
  W: "I require medical assistance.",
};

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const radians = (degrees) => (degrees * Math.PI) / 180;
const rounded = (value, digits) => Number(value.toFixed(digits));

function portOf(name) {
  const port = ports[String(name).toLowerCase()];
  if (!port) throw new Refusal(404, `no port ${name}; known: ${Object.keys(ports).join(", ")}`);
  return port;
}

function convert(value, from, to) {
  const [source, target] = [units[from], units[to]];
  if (!source || !target || source[0] !== target[0])
    throw new Refusal(400, `cannot convert ${from} to ${to}`);
  return (value * source[1]) / target[1];
}

/** Great-circle distance (haversine) on a sphere of 6,371 km. */
function distance(from, to) {
  const a = portOf(from);
  const b = portOf(to);
  const half =
    Math.sin(radians(b.latitude - a.latitude) / 2) ** 2 +
    Math.cos(radians(a.latitude)) *
      Math.cos(radians(b.latitude)) *
      Math.sin(radians(b.longitude - a.longitude) / 2) ** 2;
  const kilometres = 2 * 6371 * Math.asin(Math.sqrt(half));
  return {
    from: a.name,
    to: b.name,
    nauticalMiles: rounded(kilometres / 1.852, 1),
    kilometres: rounded(kilometres, 1),
  };
}

/** Day of the mean lunation of 29.530588 days since the new moon of 6 January 2000, 18:14 UTC. */
function moon(date) {
  const days = (Date.parse(`${date}T12:00:00Z`) - Date.UTC(2000, 0, 6, 18, 14)) / 86_400_000;
  if (Number.isNaN(days)) throw new Refusal(400, `not a date: ${date}`);
  const age = ((days % 29.530588) + 29.530588) % 29.530588;
  const names = [
    "new moon",
    "waxing",
    "first quarter",
    "waxing",
    "full moon",
    "waning",
    "last quarter",
    "waning",
  ];
  return {
    date,
    ageDays: rounded(age, 1),
    phase: names[Math.round((age / 29.530588) * 8) % 8],
  };
}

/** Hours of daylight from the declination of the sun (Cooper 1969), without refraction. */
function daylight(port, date) {
  const { latitude, name } = portOf(port);
  const day = Math.floor((Date.parse(date) - Date.UTC(Number(date.slice(0, 4)), 0, 0)) / 86_400_000);
  if (Number.isNaN(day)) throw new Refusal(400, `not a date: ${date}`);
  const declination = radians(23.45) * Math.sin(radians((360 * (284 + day)) / 365));
  const angle = -Math.tan(radians(latitude)) * Math.tan(declination);
  const hours = (24 / Math.PI) * Math.acos(Math.max(-1, Math.min(1, angle)));
  return { port: name, date, hours: rounded(hours, 1) };
}

function beaufort(speed, unit) {
  const metres = convert(speed, unit, "m/s");
  const over = beaufortLimits.findIndex((limit) => metres <= limit);
  const force = over < 0 ? 12 : over;
  return { force, name: beaufortNames[force] };
}

function flag(letter) {
  const meaning = flags[letter.toUpperCase()];
  if (!meaning) throw new Refusal(404, `flag ${letter} is not in this small table`);
  return { flag: letter.toUpperCase(), meaning };
}

/** One line an operation: method, path with named groups, what it answers. */
function operations(log) {
  return [
    [
      "GET",
      /^\/ports$/,
      ({ country }) => Object.values(ports).filter((p) => !country || p.country === country),
    ],
    ["GET", /^\/ports\/(?<port>[^/]+)\/daylight$/, ({ port, date }) => daylight(port, date)],
    ["GET", /^\/distance$/, ({ from, to }) => distance(from, to)],
    [
      "GET",
      /^\/convert$/,
      ({ value, from, to }) => ({ value: rounded(convert(Number(value), from, to), 4), unit: to }),
    ],
    ["GET", /^\/wind\/beaufort$/, ({ speed, unit }) => beaufort(Number(speed), unit)],
    ["GET", /^\/moon\/(?<date>[\d-]+)$/, ({ date }) => moon(date)],
    ["GET", /^\/flags\/(?<letter>[A-Za-z])$/, ({ letter }) => flag(letter)],
    [
      "POST",
      /^\/log$/,
      ({ text, position }) => {
        if (!text) throw new Refusal(400, "an entry needs a text");
        log.push({ number: log.length + 1, text, position: position ?? null });
        return log.at(-1);
      },
    ],
  ];
}

async function bodyOf(request) {
  let text = "";
  for await (const part of request) {
    text += part;
    if (text.length > 10_000) throw new Refusal(413, "the body is larger than 10 kB");
  }
  return text === "" ? {} : JSON.parse(text);
}

async function answer(request, table) {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/openapi.json") {
    const document = JSON.parse(await readFile(new URL("./openapi.json", import.meta.url), "utf8"));
    return { ...document, servers: [{ url: `http://${request.headers.host}` }] };
  }
  for (const [method, path, act] of table) {
    const match = path.exec(decodeURIComponent(url.pathname));
    if (!match || method !== request.method) continue;
    return act({ ...Object.fromEntries(url.searchParams), ...match.groups, ...(await bodyOf(request)) });
  }
  throw new Refusal(404, `no operation ${request.method} ${url.pathname}`);
}

/** Starts the service on a free port of the loopback address. */
export async function startService() {
  const table = operations([]);
  const server = createServer((request, response) => {
    const reply = (status, value) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    answer(request, table).then(
      (value) => reply(200, value),
      (error) => reply(error.status ?? 400, { error: error.message }),
    );
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${server.address().port}`;
  return { host, url: `http://${host}/openapi.json`, close: () => new Promise((done) => server.close(done)) };
}
