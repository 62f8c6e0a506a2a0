/** Which addresses count as public, after IANA's special-purpose registries, and the lookup that gives no others. */

import { describe, expect, it } from "vitest";
import { isPublicAddress, lookupPublic } from "#src/augment/tools/http/addresses.js";

describe("isPublicAddress", () => {
  it.each([
    "1.1.1.1",
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450::1",
  ])("%s is public", (address) => expect(isPublicAddress(address)).toBe(true));

  it.each([
    ..."0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8 192.0.2.1".split(
      " ",
    ),
    ..."192.168.1.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 240.0.0.1 255.255.255.255".split(" "),
    ..."::1 :: ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 64:ff9b::7f00:1 fc00::1 fd12::1 fe80::1 fec0::1 ff02::1".split(
      " ",
    ),
    ..."2001::1 2001:db8::1 2002:7f00:1:: 100::1 3fff::1".split(" "),
  ])("%s is not", (address) => expect(isPublicAddress(address)).toBe(false));
});

describe("lookupPublic", () => {
  it.each([{ all: true }, { all: false }, { family: 4 }])(
    "refuses a name of this machine: %j",
    async (options) => {
      const error = await new Promise((resolve) => lookupPublic("localhost", options, resolve));
      expect(error).toMatchObject({
        code: "not_allowed",
        message: expect.stringMatching(/localhost is at (127|::1)/),
      });
    },
  );

  it("gives public addresses in the form that was asked for", async () => {
    const one = await new Promise((resolve) => lookupPublic("1.1.1.1", {}, (...answer) => resolve(answer)));
    const all = await new Promise((resolve) =>
      lookupPublic("1.1.1.1", { all: true }, (...answer) => resolve(answer)),
    );
    expect(one).toEqual([null, "1.1.1.1", 4]);
    expect(all).toEqual([null, [{ address: "1.1.1.1", family: 4 }]]);
  });
});
