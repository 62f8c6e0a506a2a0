/**
 * The picture of the README: what a command prints, as an SVG in the manner of a terminal.
 *
 *     node dist/cli/main.js demo | node runs/picture.mjs "npm run demo" > docs/demo.svg
 */

import { text } from "node:stream/consumers";

const [command = ""] = process.argv.slice(2);
const columns = 84;
const [charWidth, lineHeight, margin] = [7.8, 17, 14];
const lines = [`$ ${command}`, ...(await text(process.stdin)).trimEnd().split("\n")].flatMap(wrap);
const [width, height] = [
  Math.round(columns * charWidth) + 2 * margin,
  lines.length * lineHeight + 2 * margin,
];

console.log(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-size="13"
  font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace">
<title>What ${escapeXml(command)} prints</title>
<rect width="100%" height="100%" rx="8" fill="#10151c"/>`);
lines.forEach((line, index) => {
  const y = Math.round(margin + (index + 0.8) * lineHeight);
  console.log(
    `<text x="${margin}" y="${y}" fill="${colour(line)}" xml:space="preserve">${escapeXml(line)}</text>`,
  );
});
console.log("</svg>");

function wrap(line) {
  const pieces = [];
  let rest = line;
  while (rest.length > columns) {
    const space = rest.lastIndexOf(" ", columns);
    const at = space > columns / 2 ? space : columns;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return [...pieces, rest];
}

function colour(line) {
  if (/^[$■]/.test(line)) return "#7ee787";
  if (/^ ?\d+ {2}[\d.]+ {2}|^\?/.test(line)) return "#79c0ff";
  if (/^──/.test(line)) return "#8b949e";
  return "#d0d7de";
}

function escapeXml(line) {
  return line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
