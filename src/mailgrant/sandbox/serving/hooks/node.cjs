// Loaded before a Node program by `mailgrant sandbox exec` (NODE_OPTIONS=--require): connections to Google's
// hosts lead to the sandbox, also in Node 20, which knows no proxy variables. Everything else is left alone.

"use strict";

const net = require("node:net");

const MARK = Symbol.for("mailgrant.sandbox.led");

function read(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    process.emitWarning("MAILGRANT_SANDBOX_HOOK is not JSON; nothing is led to the sandbox");
    return null;
  }
}

// "*.example.com" stands for one label in front, as in a certificate.
function isAmong(patterns, name) {
  const rest = name.slice(name.indexOf(".") + 1);
  return patterns.includes(name) || patterns.includes(`*.${rest}`);
}

function nameOf(host) {
  return typeof host === "string" ? host.toLowerCase().replace(/\.$/, "") : "";
}

// What Socket.connect is called with: [options, callback] from inside Node, options, or a port and a host.
function destination(args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (first !== null && typeof first === "object") {
    return first.path ? null : { host: first.host, port: first.port };
  }
  return typeof args[1] === "string" ? { host: args[1], port: first } : null;
}

function replaced(args, host, port) {
  if (Array.isArray(args[0])) {
    // Changed in place: Node marks this array as its own. The options may be kept elsewhere and stay as they are.
    args[0][0] = { ...args[0][0], host, port };
    return args;
  }
  return typeof args[0] === "object" ? [{ ...args[0], host, port }, ...args.slice(1)] : [port, host, ...args.slice(2)];
}

function install(hosts) {
  const connect = net.Socket.prototype.connect;
  net.Socket.prototype.connect = function (...args) {
    const asked = destination(args);
    const name = asked ? nameOf(asked.host) : "";
    if (isAmong(hosts.led, name)) {
      const port = Number(asked.port) === 80 ? hosts.plain : hosts.tls;
      return connect.apply(this, replaced(args, "127.0.0.1", port));
    }
    if (isAmong(hosts.refused, name)) {
      const error = new Error(`${name} is refused: the mailgrant sandbox does not speak for it`);
      process.nextTick(() => this.destroy(Object.assign(error, { code: "ECONNREFUSED" })));
      return this;
    }
    return connect.apply(this, args);
  };
  net.Socket.prototype[MARK] = true;
}

const hosts = read(process.env.MAILGRANT_SANDBOX_HOOK);
if (hosts && !net.Socket.prototype[MARK]) {
  install(hosts);
}
