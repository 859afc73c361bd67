// Imported before the test file where one of its checks is called.
import { expectOneCheck } from "./declared.js";

expectOneCheck();
