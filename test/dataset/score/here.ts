/** Rows scored in a folder of the test's own. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type LanguageModelTeacherOptions,
  languageModelTeacher,
  type OpenTeacher,
  type ScoreOptions,
  type ScoreReport,
  scoreRows,
} from "#src/dataset/index.js";
import type { LanguageModel } from "#src/llm/index.js";
import type { Json } from "../../cli/here.ts";

export interface Scored {
  readonly rows: Json[];
  readonly report: ScoreReport;
  readonly notices: string[];
}

export class Folder {
  readonly path: string = mkdtempSync(join(tmpdir(), "score-"));
  readonly cache: string = join(this.path, "cache");

  place(name: string): string {
    return join(this.path, name);
  }

  write(rows: readonly object[], name = "rows.jsonl"): string {
    writeFileSync(this.place(name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    return this.place(name);
  }

  read(name = "out.jsonl"): Json[] {
    return readFileSync(this.place(name), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  names(): string[] {
    return readdirSync(this.path).sort();
  }

  /** `teacher` on `rows`, to out.jsonl. */
  async score(
    teacher: OpenTeacher,
    rows: readonly object[],
    options: Partial<ScoreOptions> = {},
  ): Promise<Scored> {
    const notices: string[] = [];
    const files = { rows: this.write(rows), out: this.place("out.jsonl") };
    const onNotice = (notice: string): void => void notices.push(notice);
    const report = await scoreRows({ ...files, teacher, onNotice, ...options });
    return { rows: this.read(), report, notices };
  }

  /** A language model on `rows`; its notices are among those of the run. */
  async ask(
    model: LanguageModel,
    rows: readonly object[],
    teacher: Partial<LanguageModelTeacherOptions> = {},
    options: Partial<ScoreOptions> = {},
  ): Promise<Scored> {
    const told: string[] = [];
    const onNotice = (notice: string): void => void told.push(notice);
    const open = languageModelTeacher(model, { cache: this.cache, onNotice, ...teacher });
    const scored = await this.score(open, rows, options);
    return { ...scored, notices: [...told, ...scored.notices] };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
