/** Execution providers by name: which this build of ONNX Runtime has, and what to do about the others. */

import { RetrieveError } from "../std/index.ts";

/** The names that people may ask for. Which of them are there depends on the platform: see {@link listDevices}. */
const known = ["cpu", "webgpu", "cuda", "tensorrt", "coreml", "dml"] as const;

export type DeviceName = (typeof known)[number];

export interface Device {
  readonly name: string;
  /** False: ONNX Runtime can use it once its own files are installed (for CUDA, by its install script). */
  readonly bundled: boolean;
}

/** The devices that this build of ONNX Runtime can use. Whether the hardware is there shows when a session opens. */
export async function listDevices(): Promise<readonly Device[]> {
  const { listSupportedBackends } = await import("onnxruntime-node");
  return listSupportedBackends().map(({ name, bundled }) => ({ name, bundled }));
}

/** The provider of a device name. Throws `unsupported`, naming what is there. */
export async function providerOf(device: string): Promise<DeviceName> {
  const here = await listDevices();
  const names = here.map(({ name }) => name).join(", ");
  const name = known.find((candidate) => candidate === device);
  if (name === undefined) {
    throw new RetrieveError("unsupported", `there is no device ${device}; here are ${names}`);
  }
  if (!here.some((candidate) => candidate.name === name)) {
    throw new RetrieveError(
      "unsupported",
      `device ${device} is not made for this platform; here are ${names}`,
    );
  }
  return name;
}
