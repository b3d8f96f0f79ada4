import { Tijori } from "@tijori/client";

// TIJORI_URL and TIJORI_KEY, on the server alone.
export const tijori = new Tijori();
