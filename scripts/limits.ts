/**
 * The table of limits in ARCHITECTURE.md, made from the constants that the code uses: `npm run limits` writes it. Its rows are in
 * test/helpers/limits.
 */
import { writeTable } from "../test/helpers/limits/table.ts";

console.log(writeTable() ? "ARCHITECTURE.md is written" : "ARCHITECTURE.md is as it should be");
