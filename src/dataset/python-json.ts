/** JSON in the words of Python's `json.dumps`, for texts that were made with it and are encoded as such. */

/** Texts, marks, and everything else: numbers as they are written, `true`, `false`, `null`. */
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/**
 * The values of the fields of a JSON object, each as `json.dumps` prints it: a space after a comma and a colon, characters
 * outside ASCII escaped. Numbers stay as they are written, because `1.0` is not `1` there. `text` must be such an object.
 */
export function pythonFields(text: string): ReadonlyMap<string, string> {
  return new Map(
    fieldsIn(text).map(([name = '""', , ...value]) => [textOf(name), value.map(printed).join("")]),
  );
}

/** The tokens of each field: name, colon, value. */
function fieldsIn(text: string): string[][] {
  const fields: string[][] = [];
  let field: string[] = [];
  let depth = 0;
  for (const [token] of text.matchAll(tokens)) {
    if (token === "}" || token === "]") depth--;
    const isEdge = depth === 0 || (depth === 1 && token === ",");
    if (!isEdge) field.push(token);
    else if (field.length > 0) {
      fields.push(field);
      field = [];
    }
    if (token === "{" || token === "[") depth++;
  }
  return fields;
}

function printed(token: string): string {
  if (token === "," || token === ":") return `${token} `;
  return token.startsWith('"') ? asciiText(textOf(token)) : token;
}

function textOf(token: string): string {
  return JSON.parse(token);
}

/** As `ensure_ascii` has it: by code units, in small letters. */
function asciiText(text: string): string {
  return JSON.stringify(text).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
