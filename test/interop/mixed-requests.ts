import assert from "node:assert/strict";
import { test } from "node:test";
import { FluxError, Scope } from "../../src/base/index.ts";
import type { Flux, Methods } from "../../src/client/index.ts";
import { connect } from "../../src/connect/index.ts";
import { Role } from "../../src/message/index.ts";
import { within } from "../helpers/until.ts";
import { forAllPairs, type Handles, STEP_MS } from "./mixes.ts";

const MEGABYTE = 1024 * 1024;

/** What each rank serves as `of-RANK`. `left` hears from where each request was that its caller gave up. */
function methodsOf(rank: number, left: (from: number) => void): Methods {
  return {
    where: ({ from }) => ({ rank, from }),
    who: (_body, { userid, rolemask }) => ({ userid, rolemask }),
    raw: { request: (request) => request.respondRaw(request.message.payload) },
    refuse: ({ from }) => {
      throw new FluxError("EDOM", `${rank} refuses ${from}`);
    },
    *count({ from, to }) {
      for (let i = 0; i < to; i++) yield { i, rank, from };
    },
    hold: {
      streaming: true,
      request: (request) => {
        request.signal.addEventListener("abort", () => {
          left(Number(request.body()["from"]));
          request.respondError("ENODATA");
        });
        request.respond({ held: true });
      },
    },
  };
}

/** Serves `of-RANK` on each rank for as long as `use` takes. */
async function withServices(
  handles: readonly Flux[],
  use: () => Promise<void>,
  left: (from: number, to: number) => void = () => {},
): Promise<void> {
  await using scope = new Scope();
  for (const [rank, flux] of handles.entries()) {
    const service = await flux.serve(
      `of-${rank}`,
      methodsOf(rank, (from) => left(from, rank)),
    );
    scope.defer(() => service.close());
  }
  await use();
}

/** Tests that requests come to where they are to go between all ranks, and their answers back. */
export function testRequests(handles: Handles): void {
  const timeoutMs = STEP_MS;

  test("a service of each rank answers every rank, once and many times", async () => {
    const all = handles();
    await withServices(all, () =>
      forAllPairs(all, async (flux, from, nodeid) => {
        const call = { nodeid, timeoutMs };
        for (let turn = 0; turn < 3; turn++)
          assert.deepEqual(await flux.rpc(`of-${nodeid}.where`, { from }, call), { rank: nodeid, from });
        const seen: unknown[] = [];
        for await (const item of flux.stream(`of-${nodeid}.count`, { from, to: 100 }, call)) seen.push(item);
        assert.deepEqual(
          seen,
          Array.from({ length: 100 }, (_, i) => ({ i, rank: nodeid, from })),
        );
        await assert.rejects(flux.rpc(`of-${nodeid}.refuse`, { from }, call), {
          code: "EDOM",
          text: `${nodeid} refuses ${from}`,
        });
        await assert.rejects(flux.rpc(`of-${nodeid}.count`, { from, to: 1 }, call), { code: "EPROTO" });
        const rolemask = from === nodeid ? Role.OWNER | Role.LOCAL : Role.OWNER;
        assert.deepEqual(await flux.rpc(`of-${nodeid}.who`, {}, call), {
          userid: process.getuid!(),
          rolemask,
        });
      }),
    );
  });

  test("a hundred requests at once of every rank to every rank all come back", async () => {
    const all = handles();
    await withServices(all, () =>
      forAllPairs(all, async (flux, _from, nodeid) => {
        const numbers = Array.from({ length: 100 }, (_, i) => i);
        const answers = await Promise.all(
          numbers.map((i) => flux.rpc(`of-${nodeid}.where`, { from: i }, { nodeid, timeoutMs })),
        );
        assert.deepEqual(
          answers.map(({ from }) => from),
          numbers,
        );
      }),
    );
  });

  test("a megabyte comes back as it was", async () => {
    const all = handles();
    await withServices(all, () =>
      forAllPairs(all, async (flux, from, nodeid) => {
        const bytes = new Uint8Array(MEGABYTE).map((_, i) => (i * 31 + from * 7 + nodeid) & 0xff);
        const back = await flux.rpcRaw(`of-${nodeid}.raw`, bytes, { nodeid, timeoutMs });
        assert.equal(Buffer.compare(back!, bytes), 0);
      }),
    );
  });

  test("a stream that is left, and one whose caller goes, are given up at the service", async () => {
    const all = handles();
    for (const way of ["leave", "close"] as const) {
      const left = new Map<string, () => void>();
      const use = () =>
        forAllPairs(all, async (flux, from, nodeid) => {
          const heard = new Promise<void>((resolve) => left.set(`${from} ${nodeid}`, resolve));
          const own = way === "close" ? await connect(flux.uri, { env: {} }) : flux;
          const stream = own.stream(`of-${nodeid}.hold`, { from }, { nodeid, timeoutMs });
          assert.deepEqual((await stream.next()).value, { held: true });
          if (way === "close") await own.close();
          else await stream.return();
          await within(heard, `rank ${nodeid} hears that rank ${from} left`, STEP_MS);
          if (way === "close") await assert.rejects(stream.next(), { code: "ECONNRESET" });
        });
      await withServices(all, use, (from, to) => left.get(`${from} ${to}`)!());
    }
  });

  test("each rank can ping each, and its parent", async () => {
    const all = handles();
    await forAllPairs(all, async (flux, from, nodeid) => {
      const { rank, rolemask, userid } = await flux.ping("broker", { nodeid, timeoutMs });
      assert.deepEqual([rank, userid], [nodeid, process.getuid!()]);
      assert.equal(rolemask & Role.OWNER, Role.OWNER, `${from} to ${nodeid}`);
    });
    for (const [rank, flux] of all.entries()) {
      const up = flux.ping("broker", { upstream: true, timeoutMs });
      if (rank === 0) await assert.rejects(up, { code: "EHOSTUNREACH", text: undefined });
      else assert.equal((await up).rank, rank - 1);
    }
  });

  test("a request for any rank goes to the nearest with the service, one for upstream past its own", async () => {
    const all = handles();
    const top = all.length - 1;
    await using scope = new Scope();
    for (const [rank, flux] of all.entries()) {
      for (const name of ["each", `only-${rank}`]) {
        const service = await flux.serve(name, { where: () => ({ rank }) });
        scope.defer(() => service.close());
      }
    }
    for (const [from, flux] of all.entries()) {
      const where = async (name: string, upstream = false) =>
        (await flux.rpc(`${name}.where`, {}, { upstream, timeoutMs }))["rank"];
      const nobody = (name: string) => ({
        code: "ENOSYS",
        text: `No service matching ${name}.where is registered`,
      });
      assert.equal(await where("each"), from);
      for (let rank = 0; rank <= top; rank++) {
        const name = `only-${rank}`;
        if (rank <= from) assert.equal(await where(name), rank);
        else await assert.rejects(where(name), nobody(name));
        if (rank < from) assert.equal(await where(name, true), rank, `${name} of the upstream of ${from}`);
        else if (from > 0) await assert.rejects(where(name, true), nobody(name));
      }
      if (from > 0) assert.equal(await where("each", true), from - 1);
      else await assert.rejects(where("each", true), { code: "EHOSTUNREACH", text: undefined });
    }
  });

  test("what nobody serves, and ranks that are not there, fail alike everywhere", async () => {
    const all = handles();
    await forAllPairs(all, async (flux, from, nodeid) => {
      const call = { nodeid, timeoutMs };
      await assert.rejects(
        flux.rpc("no-such.method", {}, call),
        { code: "ENOSYS", text: "No service matching no-such.method is registered" },
        `${from} to ${nodeid}`,
      );
      await assert.rejects(flux.rpc("broker.no-such", {}, call), {
        code: "ENOSYS",
        text: "Unknown service method 'broker.no-such'",
      });
    });
    for (const flux of all) {
      for (const upstream of flux === all[0] ? [false] : [false, true]) {
        await assert.rejects(flux.rpc("no-such.method", {}, { upstream, timeoutMs }), {
          code: "ENOSYS",
          text: "No service matching no-such.method is registered",
        });
      }
      const outside = { nodeid: all.length, timeoutMs };
      await assert.rejects(flux.rpc("broker.ping", {}, outside), { code: "EHOSTUNREACH", text: undefined });
    }
  });
}
