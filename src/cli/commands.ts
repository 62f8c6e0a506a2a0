/** The table of verbs: adding one is a file and a line. */

import { defineAdapt } from "./adapt.ts";
import { defineAdd } from "./add.ts";
import { defineAsk } from "./ask.ts";
import { defineAugment } from "./augment.ts";
import { defineCall } from "./call.ts";
import type { DefineCommand } from "./command.ts";
import { defineConvert } from "./convert.ts";
import { defineDelete } from "./delete.ts";
import { defineDemo } from "./demo.ts";
import { defineEncode } from "./encode.ts";
import { defineEval } from "./eval.ts";
import { defineMine } from "./mine.ts";
import { defineModels } from "./models.ts";
import { defineReindex } from "./reindex.ts";
import { defineScore } from "./score.ts";
import { defineSearch } from "./search.ts";
import { defineServe } from "./serve.ts";
import { defineStatus } from "./status.ts";
import { defineTrain } from "./train.ts";

export const commands: readonly DefineCommand[] = [
  defineDemo,
  defineAdd,
  defineSearch,
  defineAugment,
  defineCall,
  defineAsk,
  defineStatus,
  defineDelete,
  defineReindex,
  defineEncode,
  defineEval,
  defineConvert,
  defineMine,
  defineScore,
  defineTrain,
  defineAdapt,
  defineModels,
  defineServe,
];
