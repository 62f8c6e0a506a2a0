/** `retrieve call`: executes one indexed tool, if it is allowed. */

import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import type { CallReport } from "../augment/index.ts";
import { messageOf } from "../std/index.ts";
import type { JsonValue } from "../store/index.ts";
import type { DefineCommand } from "./command.ts";
import { printable } from "./layout.ts";
import { collect, type GlobalOptions, option } from "./options.ts";
import { print, printJson, type Terminal } from "./terminal.ts";
import { withPresentIndex } from "./with-index.ts";

interface CallFlags extends GlobalOptions {
  readonly allow?: readonly string[];
}

export const defineCall: DefineCommand = (program, context) => {
  program
    .command("call")
    .description("execute one indexed tool; only what --allow names runs")
    .argument("<tool>", "name or id of the tool")
    .argument("<json>", "its arguments as a JSON object", parseJson)
    .addOption(
      option("--allow <host|server>", "host or MCP server that may be used; repeatable").argParser(
        collect((text) => text),
      ),
    )
    .addHelpText(
      "after",
      '\nExample:\n  retrieve call getForecast \'{"city":"Oslo"}\' --allow api.weather.example',
    )
    .action(async (tool: string, args: JsonValue, _flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CallFlags>();
      const report = await withPresentIndex(context, flags, { readOnly: true }, (index) =>
        index.call(tool, args, { allow: flags.allow ?? [], signal: context.signal }),
      );
      if (flags.json) printJson(context.terminal, report);
      else showResult(context.terminal, report);
    });
};

/** The result of a call for a person. */
export function showResult(terminal: Terminal, { result }: CallReport): void {
  print(terminal, typeof result === "string" ? printable(result) : JSON.stringify(result, null, 2));
}

function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InvalidArgumentError(`wanted a JSON object like {"city":"Oslo"} (${messageOf(error)}).`);
  }
}
