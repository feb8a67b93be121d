import assert from "node:assert/strict";
import { test } from "node:test";
import { limitSizes, sizeEnvironment } from "../../interop/runner/sizes.ts";

test("sharness: the size of the script's own instance, and nothing else", () => {
  const script = "SIZE=4\ntest_under_flux $SIZE kvs\n\tflux start -s4 true &&\n\tRINGSIZE=8 BSIZE=9\n";
  assert.equal(limitSizes("sharness", script, 2), script.replace("SIZE=4", "SIZE=2"));
  assert.equal(limitSizes("sharness", script, 8), script);
  assert.equal(
    limitSizes("sharness", "test_under_flux 4 minimal -Slog-ring-size=8\n", 1),
    "test_under_flux 1 minimal -Slog-ring-size=8\n",
  );
  assert.equal(limitSizes("sharness", "\tflux batch -N2 -n3 x.sh\n", 1), "\tflux batch -N1 -n3 x.sh\n");
  const large = "SIZE=$(test_size_large)\n";
  assert.equal(limitSizes("sharness", large, 1), large);
});

test("python and lua", () => {
  assert.equal(
    limitSizes(
      "python",
      "def __flux_size():\n    return 2\n\nif rerun_under_flux(size=3):\n    return 7\n",
      1,
    ),
    "def __flux_size():\n    return 1\n\nif rerun_under_flux(size=1):\n    return 7\n",
  );
  assert.equal(limitSizes("python", "rerun_under_flux(__flux_size())", 1), "rerun_under_flux(__flux_size())");
  assert.equal(
    limitSizes("lua", "test:start_session { args={}, size=2 }\nis (f.size, 2)\n", 1),
    "test:start_session { args={}, size=1 }\nis (f.size, 2)\n",
  );
});

test("what sharness makes of the machine's size is limited by its own variables", () => {
  assert.deepEqual(sizeEnvironment(undefined), {});
  assert.deepEqual(sizeEnvironment(1), { FLUX_TEST_SIZE_MIN: "1", FLUX_TEST_SIZE_MAX: "1" });
  assert.deepEqual(sizeEnvironment(6), { FLUX_TEST_SIZE_MIN: "4", FLUX_TEST_SIZE_MAX: "6" });
});
