"use client";

export { type CustomerHook, useCustomer } from "./customer.js";
export { Portal, type PortalProps } from "./portal.js";
export { PricingTable, type PricingTableProps } from "./pricing.js";
export { type Interval, type Known, type Provider, RouteError } from "./store.js";
export { english, type Text } from "./text.js";
