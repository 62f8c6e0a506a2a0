/** ONNX Runtime behind one door: sessions, a pool of them in worker threads, devices. Knows no graphs and no texts. */

export { type Device, listDevices } from "./devices.ts";
export { openSessionPool, type PoolOptions, type SessionPool } from "./pool.ts";
export { openSession, type Session, type SessionOptions } from "./session.ts";
