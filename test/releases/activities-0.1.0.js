// The activities of 0.1.0 as they were released, in one file: docs/changing-the-workflow.md says how it is made.
// dist/activities/check-conversation-ready.js
import { Context as Context2 } from "@temporalio/activity";
import { ApplicationFailure as ApplicationFailure3, ApplicationFailureCategory } from "@temporalio/common";

// dist/contract/duration.js
import ms from "ms";
function parseDuration(text2) {
  if (text2.trim() === "" || text2.length > 100)
    return void 0;
  const milliseconds = ms(text2);
  return Number.isFinite(milliseconds) ? Math.round(milliseconds) : void 0;
}
function toMilliseconds(duration2) {
  const milliseconds = parseDuration(duration2);
  if (milliseconds === void 0)
    throw new TypeError(`Not a duration: ${duration2}`);
  return milliseconds;
}

// dist/contract/input.js
import { z } from "zod";

// dist/contract/limits.js
var limits = {
  /** OpenHands' own bound on a conversation id. */
  sidCharacters: 100,
  /** Temporal's visibility stores keep keywords of up to 255 characters. */
  userIdCharacters: 255,
  /** Temporal rounds shorter activity retry intervals up to a second: a smaller one would be a promise not kept. */
  minimumInterval: "1 second",
  /** Slower than this is not waiting for a start but forgetting about it. */
  maximumInterval: "1 hour",
  /** With the default interval of 2 s, five and a half hours. */
  maximumAttempts: 1e4,
  /** Below this, no server over a network answers. */
  minimumTimeout: "100 milliseconds",
  /** An attempt makes a handful of requests within `startToCloseTimeout` of the create policy, 45 minutes. */
  maximumTimeout: "5 minutes",
  /** What converts, checks and sends JSON recurses: far deeper, it would run out of stack. */
  nestingLevels: 100,
  /** In bytes, as it is sent. Temporal takes 2 MiB; what is left is for the evidence that goes along with the input. */
  payloadBytes: 2e6,
  /** Characters of a replay. It is held in memory several times on its way; a trajectory of this size is a mistake. */
  replayCharacters: 64 * 1024 * 1024,
  /** A look is one glance: a server that needs longer is not ready. */
  maximumLookTimeout: "1 minute"
};

// dist/contract/replay.js
function replayProblem(replayJson) {
  if (replayJson.length > limits.replayCharacters) {
    return `has ${replayJson.length} characters, at the most ${limits.replayCharacters}: drop old events`;
  }
  const events = parseEvents(replayJson);
  if (events === void 0)
    return "is not a JSON array of events: pass the recorded trajectory";
  const odd = events.findIndex(({ action, observation }) => action === void 0 && observation === void 0);
  if (odd >= 0)
    return `has neither an action nor an observation at index ${odd}: pass the recorded trajectory`;
  const first = firstReplayed(events);
  if (first === void 0)
    return "has no event of a user or an agent: there is nothing to resume from";
  if (first.action !== "message" || typeof first.args?.content !== "string") {
    return "must begin with a message: drop what comes before the first event with action 'message', such as the 'system' event of an export";
  }
  return void 0;
}
function replayedMessage(replayJson) {
  const content = firstReplayed(parseEvents(replayJson) ?? [])?.args?.content;
  return typeof content === "string" ? content : "";
}
function parseEvents(replayJson) {
  try {
    const events = JSON.parse(replayJson);
    return Array.isArray(events) && events.every((event) => typeof event === "object" && event !== null) ? events : void 0;
  } catch {
    return void 0;
  }
}
function firstReplayed(events) {
  return events.find((event) => event.source !== "environment");
}

// dist/contract/input.js
function text(wrongType, problemWith) {
  return z.string(wrongType && { error: wrongType }).superRefine((value, context3) => {
    const message = problemWith(value);
    if (message)
      context3.addIssue({ code: "custom", message });
  });
}
function duration(minimum, maximum) {
  const notADuration = `must be a duration string: write it like '${minimum}'`;
  return text(notADuration, (value) => {
    const milliseconds = parseDuration(value);
    if (milliseconds === void 0)
      return notADuration;
    if (milliseconds < toMilliseconds(minimum))
      return `is '${value}': the least is '${minimum}'`;
    return milliseconds > toMilliseconds(maximum) && `is '${value}': the most is '${maximum}'`;
  }).meta({ description: `A duration such as '${minimum}', the least; the most is '${maximum}'` });
}
function apiUrlProblem(value) {
  if (!URL.canParse(value))
    return "is no URL: write it like 'http://runtime-conv123:8080'";
  const url = new URL(value);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    return "must begin with http:// or https://";
  if (url.username || url.password)
    return "carries credentials: pass the key as client.sessionApiKey";
  return /[?#]/.test(value) && "must end with the path: leave out the query and the fragment";
}
function baseUrlOf(apiUrl) {
  return new URL(apiUrl).href.replace(/\/+$/, "");
}
function sidProblem(value) {
  if (value === "")
    return "is empty";
  if (value.length > limits.sidCharacters)
    return `is longer than ${limits.sidCharacters} characters`;
  if (value === "." || value.includes("..") || /[/\\]/.test(value))
    return "must not contain '..', '/' or '\\'";
  if (/\p{Cc}/u.test(value))
    return "contains a control character";
  return !value.isWellFormed() && "is not well-formed Unicode";
}
var json = z.record(z.string(), z.unknown());
var settings = z.looseObject({
  /** MCP servers, in the server's own key names: `{ sse_servers, shttp_servers, stdio_servers }`. */
  mcpConfig: json.nullish(),
  /** `owner/name`. */
  repository: z.string().nullish(),
  selectedBranch: z.string().nullish(),
  /** `github`, `gitlab`, `bitbucket` or `enterprise_sso`; the server knows which it has. */
  gitProvider: z.string().nullish(),
  conversationInstructions: z.string().nullish(),
  /** agent-server only: the agent, in the server's own key names, e.g. `{ llm: { model, api_key, base_url } }`. */
  agentSettings: json.nullish(),
  /** agent-server only: the workspace, in the server's own key names, e.g. `{ working_dir }`. */
  workspace: json.nullish()
});
var openHandsSettings = /* @__PURE__ */ new Set([
  "mcpConfig",
  "repository",
  "selectedBranch",
  "gitProvider",
  "conversationInstructions"
]);
var noAgentServerSettings = /* @__PURE__ */ new Map([
  ["conversation_id", "is filled in from sid: remove it"],
  ["initial_message", "is filled in from initialUserMsg: remove it"],
  ["user_id", "is filled in from userId: remove it"],
  ["mcpConfig", "belongs into settings.agentSettings.mcp_config"],
  ["conversationInstructions", "belong into settings.agentSettings.agent_context.system_message_suffix"],
  ["repository", "is unknown to agent-server: check it out into settings.workspace.working_dir"],
  ["selectedBranch", "is unknown to agent-server: check it out into settings.workspace.working_dir"],
  ["gitProvider", "is unknown to agent-server: check the repository out into settings.workspace.working_dir"]
]);
var conversation = z.strictObject({
  /** Base URL of the nested server, e.g. `http://runtime-conv123:8080`. */
  apiUrl: text(void 0, apiUrlProblem).describe("Base URL of the nested server: http or https, without credentials, query and fragment").transform(baseUrlOf),
  /** The conversation id; a UUID for agent-server. */
  sid: text(void 0, sidProblem).meta({
    description: "The conversation id: no '..', '/', '\\' or control characters; a UUID for server 'agent-server'",
    minLength: 1,
    maxLength: limits.sidCharacters
  }),
  /** The authenticated user. */
  userId: text(void 0, (value) => {
    if (value === "")
      return "is empty";
    return value.length > limits.userIdCharacters && `is longer than ${limits.userIdCharacters} characters`;
  }).meta({ description: "The authenticated user", minLength: 1, maxLength: limits.userIdCharacters }),
  /** Goes into the conversation's initialisation. @default {} */
  settings: settings.default({}),
  /** The first message to the agent. @default null */
  initialUserMsg: z.strictObject({
    content: z.string(),
    imageUrls: z.array(z.string()).optional()
  }).nullable().default(null).superRefine((message, context3) => {
    if (message?.content === "" && !message.imageUrls?.length) {
      context3.addIssue({
        code: "custom",
        path: ["content"],
        message: "is empty: to start without a message, leave initialUserMsg null"
      });
    }
  }),
  /** Recorded events to resume from, as a JSON text. Not together with `initialUserMsg`. @default null */
  replayJson: text(void 0, replayProblem).nullable().default(null).describe("Recorded events as a JSON text that begins with a message; not together with initialUserMsg"),
  /** The HTTP client's settings. */
  client: z.strictObject({
    /** Deadline of a whole request. @default '60 seconds' */
    timeout: duration(limits.minimumTimeout, limits.maximumTimeout).default("60 seconds"),
    /** Sent as `X-Session-API-Key`. */
    sessionApiKey: text(void 0, (key) => !/^[\x21-\x7e]+$/.test(key) && "must be printable ASCII without spaces: it is an HTTP header").meta({ description: "Sent as X-Session-API-Key", pattern: "^[\\x21-\\x7e]+$" }).nullish()
  }).prefault({}),
  /** How to wait: one look each `interval`, `maximumAttempts` looks at the most. */
  readiness: z.strictObject({
    /** Time between two looks. @default '2 seconds' */
    interval: duration(limits.minimumInterval, limits.maximumInterval).default("2 seconds"),
    /** Number of looks, the first included. @default 60 */
    maximumAttempts: z.number().int().min(1).max(limits.maximumAttempts).default(60),
    /** Deadline of one look. @default '5 seconds' */
    lookTimeout: duration(limits.minimumTimeout, limits.maximumLookTimeout).default("5 seconds"),
    /** `accepting-events` is weaker: a conversation whose agent never starts passes it. @default 'agent-started' */
    readyWhen: z.enum(["agent-started", "accepting-events"]).default("agent-started")
  }).prefault({}),
  /** The dialect that the nested server speaks. @default 'openhands' */
  server: z.enum(["openhands", "agent-server"]).default("openhands"),
  /** Whether to stop the conversation after a failure or a cancellation. @default 'keep' */
  onFailure: z.enum(["keep", "stop"]).default("keep")
});
function* crossFieldProblems(input) {
  const { server = "openhands", sid, settings: settings2, replayJson, initialUserMsg } = input;
  const settingNames = Object.entries(typeof settings2 === "object" ? settings2 ?? {} : {}).flatMap(([name, value]) => value === null ? [] : [name]);
  if (replayJson && initialUserMsg) {
    yield { field: "replayJson", problem: "excludes initialUserMsg: a replay begins with its own message" };
  }
  if (server === "openhands") {
    for (const name of settingNames.filter((name2) => !openHandsSettings.has(name2))) {
      yield { field: `settings.${name}`, problem: "is not a setting of server 'openhands': remove it" };
    }
  }
  if (server === "agent-server") {
    if (!z.guid().safeParse(sid).success)
      yield { field: "sid", problem: "must be a UUID for server 'agent-server'" };
    if (replayJson) {
      yield {
        field: "replayJson",
        problem: "is unknown to server 'agent-server': it resumes a conversation by its id"
      };
    }
    for (const name of settingNames) {
      const problem = noAgentServerSettings.get(name);
      if (problem)
        yield { field: `settings.${name}`, problem };
    }
  }
}
function parseInput(input) {
  if (isDeeperThan(input, limits.nestingLevels)) {
    return { problems: [{ field: "", problem: `is nested deeper than ${limits.nestingLevels} levels` }] };
  }
  const parsed = conversation.safeParse(input, { error: describeIssue });
  const problems = [...(parsed.error?.issues ?? []).flatMap(problemsOf), ...crossFieldProblems(input ?? {})];
  return parsed.success && problems.length === 0 ? { conversation: parsed.data } : { problems };
}
function isDeeperThan(value, levels) {
  if (typeof value !== "object" || value === null)
    return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1));
}
function problemsOf(issue) {
  return issue.code === "unrecognized_keys" ? issue.keys.map((key) => ({ field: [...issue.path, key].join("."), problem: "is unknown: remove it" })) : [{ field: issue.path.join("."), problem: issue.message }];
}
function describeIssue(issue) {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === void 0 ? `is missing: pass ${aOrAn(issue.expected)}` : `must be ${aOrAn(issue.expected)}`;
    case "too_small":
      return `must be at least ${issue.minimum}`;
    case "too_big":
      return `must be at most ${issue.maximum}`;
    case "invalid_value":
      return `must be one of ${issue.values.map((value) => `'${String(value)}'`).join(", ")}`;
    default:
      return void 0;
  }
}
var typeNames = {
  int: "a whole number",
  array: "an array",
  object: "an object",
  record: "an object"
};
function aOrAn(type) {
  return typeNames[type] ?? `a ${type}`;
}
function describeProblems(problems) {
  return problems.map(({ field, problem }) => `${field || "the input"} ${problem}`).join("; ");
}

// dist/activities/failure-boundary.js
import { ApplicationFailure as ApplicationFailure2, CancelledFailure, ensureApplicationFailure } from "@temporalio/common";

// dist/activities/nested-server/failures.js
import { ApplicationFailure } from "@temporalio/common";

// dist/contract/failures.js
var failureTypes = {
  /** The input breaks the contract. Not retried: the same input is refused again. */
  InvalidInput: "InvalidInput",
  /** The nested server said no, or the worker may not send to it. Not retried: the answer would be no again. */
  ConversationRejected: "ConversationRejected",
  /** The nested server refused the session API key. Not retried: the key must change. */
  Unauthorized: "Unauthorized",
  /** `createConversation` could not get through. Retried with back-off; seen by a caller when the attempts ran out. */
  NestedServerUnavailable: "NestedServerUnavailable",
  /** The looks ran out before the conversation was ready. */
  ConversationNotReady: "ConversationNotReady",
  /** The conversation reached a state that it can't become ready from. Not retried. */
  ConversationFailed: "ConversationFailed"
};
var finalFailureTypes = /* @__PURE__ */ new Set([
  "InvalidInput",
  "ConversationRejected",
  "Unauthorized",
  "ConversationFailed"
]);

// dist/activities/nested-server/failures.js
var maximumQuote = 1e5;
var maximumRetryAfterMs = 3e4;
function failure(type, message, details, options = {}) {
  const { nextRetryDelay, category } = options;
  return ApplicationFailure.create({
    type: failureTypes[type],
    message,
    details: [details],
    nonRetryable: finalFailureTypes.has(type),
    ...nextRetryDelay !== void 0 && { nextRetryDelay },
    ...category !== void 0 && { category }
  });
}
function failureOfAnswer(answer) {
  const { method, url, status } = answer;
  const msgId = stringAt(answer.json, "msg_id");
  const details = { method, url, status, ...msgId && { msgId } };
  const say = (mend) => `${method} ${url} answered ${status}${mend} ${describeBody(answer)}`;
  const message = say("");
  if (status === 401 || status === 403)
    return failure("Unauthorized", say(", check client.sessionApiKey:"), details);
  if (status >= 300 && status < 400) {
    return failure("ConversationRejected", say(", redirects are not followed, check apiUrl:"), details);
  }
  if (isTemporary(answer)) {
    return failure("NestedServerUnavailable", message, details, { nextRetryDelay: retryAfterMs(answer) });
  }
  return failure("ConversationRejected", message, details);
}
function isTemporary(answer) {
  const { status } = answer;
  if (status < 300 || status >= 500)
    return true;
  if (status === 404)
    return !isAboutConversation(answer);
  return status === 408 || status === 425 || status === 429;
}
function isAboutConversation({ status, json: json2 }) {
  const detail = stringAt(json2, "detail");
  return status === 404 && detail !== void 0 && detail !== "Not Found";
}
function failureOfNoAnswer({ method, url, message }) {
  return failure("NestedServerUnavailable", message, { method, url });
}
function failureOfNotSent({ method, url, message }) {
  return failure("ConversationRejected", message, { method, url });
}
function describeBody({ json: json2, text: text2, headers }) {
  const message = stringAt(json2, "message") ?? stringAt(json2, "exception") ?? stringAt(json2, "detail") ?? validationErrors(json2);
  if (message)
    return `(${message.slice(0, maximumQuote)})`;
  if (text2 === "")
    return "with an empty body";
  const type = String(headers["content-type"] ?? "no content type");
  return `with a body that is not the API's (${type}): ${text2.slice(0, maximumQuote)}`;
}
function validationErrors(json2) {
  const detail = property(json2, "detail");
  if (!Array.isArray(detail))
    return void 0;
  return detail.map((error) => `${[property(error, "loc")].flat().join(".")}: ${stringAt(error, "msg") ?? "invalid"}`).join("; ");
}
function retryAfterMs({ headers }) {
  const value = headers["retry-after"];
  if (typeof value !== "string")
    return void 0;
  const delay = /^\d+$/.test(value) ? Number(value) * 1e3 : Date.parse(value) - Date.now();
  return Number.isNaN(delay) ? void 0 : Math.min(Math.max(delay, 1e3), maximumRetryAfterMs);
}
function excerpt(text2 = "") {
  return text2.slice(0, 2e3);
}
function property(value, name) {
  return typeof value === "object" && value !== null ? value[name] : void 0;
}
function stringAt(value, name) {
  const found = property(value, name);
  return typeof found === "string" ? found : void 0;
}

// dist/activities/nested-server/http-client.js
import { AxiosError as AxiosError2 } from "axios";

// dist/activities/nested-server/transport.js
import dns from "node:dns/promises";
import http from "node:http";
import https from "node:https";
import axios, { AxiosError } from "axios";

// dist/activities/nested-server/egress-policy.js
import { isIP as isIP2 } from "node:net";
import { domainToASCII } from "node:url";

// dist/activities/nested-server/subnets.js
import { BlockList, isIP } from "node:net";
function parseSubnet(text2) {
  const [, network = "", prefix] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text2) ?? [];
  const family = isIP(network);
  const bits = family === 4 ? 32 : 128;
  const subnet = { network, prefix: prefix === void 0 ? bits : Number(prefix) };
  return family !== 0 && subnet.prefix <= bits ? subnet : void 0;
}
function within(subnets) {
  const list = new BlockList();
  for (const { network, prefix } of subnets)
    list.addSubnet(network, prefix, familyOf(network));
  return (address) => list.check(address, familyOf(address));
}
var isOverIPv4 = within([{ network: "::ffff:0:0", prefix: 96 }]);
function familyOf(address) {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}

// dist/activities/nested-server/reserved-addresses.js
var reserved = {
  "link-local": ["169.254.0.0/16", "fe80::/10"],
  // A network's own prefix within it, and so where the IPv4 address is, can't be known.
  "a local-use NAT64 address": ["64:ff9b:1::/48"],
  "a metadata address of AWS": ["fd00:ec2::/32"],
  "a metadata address of Google Cloud": ["fd20:ce::254"],
  "a metadata address of Azure": ["168.63.129.16"],
  "a metadata address of Oracle Cloud": ["192.0.0.192", "fd00:c1::a9fe:a9fe"],
  "a metadata address of Alibaba Cloud": ["100.100.100.200", "fd00:100::100:200"],
  "a metadata address of Scaleway": ["fd00:42::42"],
  "a metadata address of Akamai": ["fd00:a9fe:a9fe::1"]
};
var ranges = Object.entries(reserved).map(([what, subnets]) => ({
  what,
  holds: within(subnets.flatMap((subnet) => formsOf(parseSubnet(subnet))))
}));
function reservedFor(address) {
  return ranges.find(({ holds }) => holds(address))?.what;
}
var metadataHostNames = /* @__PURE__ */ new Set([
  "metadata",
  "metadata.google.internal",
  "metadata.goog",
  "metadata.azure.internal",
  "metadata.tencentyun.com",
  "instance-data",
  "instance-data.ec2.internal"
]);
function formsOf({ network, prefix }) {
  if (network.includes(":"))
    return [{ network, prefix }];
  const hex = Buffer.from(network.split(".").map(Number)).toString("hex");
  return [
    { network, prefix },
    ...["::", "::ffff:0:", "64:ff9b::"].map((before) => ({
      network: before + network,
      prefix: 96 + prefix
    })),
    { network: `2002:${hex.slice(0, 4)}:${hex.slice(4)}::`, prefix: 16 + prefix }
  ];
}

// dist/activities/nested-server/egress-policy.js
function parseEgressPolicy(allow = "") {
  const rules = allow === "" ? [anything] : allow.split(",").map((rule) => parseRule(rule.trim()));
  return ({ hostname, port, address = isIP2(hostname) ? hostname : void 0 }) => {
    const host = address === void 0 || address === hostname ? hostname : `${hostname} (${address})`;
    const reserved2 = address === void 0 ? metadataServer(hostname) : reservedFor(address);
    if (reserved2)
      return `${host} is ${reserved2}, which no rule of NESTED_SERVER_ALLOW can allow`;
    if (address === void 0 || rules.some((matches) => matches({ hostname, port, address })))
      return void 0;
    return `no rule of NESTED_SERVER_ALLOW allows ${host} on port ${port}`;
  };
}
var anything = () => true;
function parseRule(text2) {
  const [, host = text2, port] = parseSubnet(text2) ? [] : /^(\[.+\]|[^:]*)(?::([1-9]\d*))?$/.exec(text2) ?? [];
  const matchesHost = addressRule(host.replace(/^\[(.+)\]$/, "$1")) ?? nameRule(host);
  if (!matchesHost || Number(port) > 65535) {
    throw new SyntaxError(`'${text2}' is no rule: write a host (runtime-*.example.com), an address or a CIDR (10.0.0.0/8), and a port after a colon if it matters (IPv6 in brackets then: [fd00::/8]:8080)`);
  }
  return (destination) => (port === void 0 || Number(port) === destination.port) && matchesHost(destination);
}
function addressRule(host) {
  const subnet = parseSubnet(host);
  if (!subnet)
    return void 0;
  const isWithin = within([subnet]);
  return ({ address }) => isOverIPv4(address) === isOverIPv4(subnet.network) && isWithin(address);
}
function nameRule(host) {
  const name = /[%/\\?#]/.test(host) ? "" : withoutTrailingDot(domainToASCII(host));
  if (isIP2(name) || !/^[a-z\d_*-]+(\.[a-z\d_*-]+)*$/.test(name))
    return void 0;
  const labels = name.split(".").map((label) => label.replaceAll("*", "[^.]*"));
  if (name.startsWith("*.") || name === "*")
    labels[0] = ".+";
  const pattern = new RegExp(`^${labels.join("\\.")}$`);
  return ({ hostname }) => !isIP2(hostname) && pattern.test(withoutTrailingDot(hostname));
}
function metadataServer(hostname) {
  return metadataHostNames.has(withoutTrailingDot(hostname)) ? "the metadata server of a cloud" : void 0;
}
function withoutTrailingDot(hostname) {
  return hostname.replace(/\.$/, "");
}

// dist/activities/nested-server/traced.js
import { SpanKind } from "@opentelemetry/api";

// dist/tracing/in-span.js
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
var tracer = trace.getTracer("nested-conversations");
function inSpan(name, options, work) {
  const { parent = context.active(), errorType: errorType2, ...spanOptions } = options;
  return tracer.startActiveSpan(name, spanOptions, parent, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      const type = errorType2(error);
      if (type !== void 0)
        fail(span, type);
      throw error;
    } finally {
      span.end();
    }
  });
}
function fail(span, type) {
  span.setAttribute("error.type", type).setStatus({ code: SpanStatusCode.ERROR });
}

// dist/tracing/trace-context.js
import { context as context2, propagation } from "@opentelemetry/api";
import { defaultPayloadConverter } from "@temporalio/common";
function traceparent() {
  const carrier = {};
  propagation.inject(context2.active(), carrier);
  const { traceparent: traceparent2, tracestate } = carrier;
  return { ...traceparent2 && { traceparent: traceparent2 }, ...tracestate && { tracestate } };
}

// dist/activities/nested-server/why-given-up.js
function whyGivenUp({ signal }) {
  if (!signal?.aborted)
    return void 0;
  return signal.reason?.name === "TimeoutError" ? "timeout" : "cancelled";
}

// dist/activities/nested-server/traced.js
function traced(transport) {
  return async (request) => {
    const { method, url } = request;
    const { hostname } = new URL(url);
    return inSpan(method, {
      kind: SpanKind.CLIENT,
      // Of the query, the headers and the body nothing is told.
      attributes: { "http.request.method": method, "url.full": url, "server.address": hostname },
      errorType: (error) => errorType(request, error)
    }, async (span) => {
      const answer = await transport({ ...request, headers: { ...request.headers, ...traceparent() } });
      span.setAttribute("http.response.status_code", answer.status);
      if (answer.status >= 400 && answer.status !== notYetThere)
        fail(span, String(answer.status));
      return answer;
    });
  };
}
var notYetThere = 404;
function errorType(request, error) {
  const givenUp = whyGivenUp(request);
  if (givenUp)
    return givenUp === "timeout" ? givenUp : void 0;
  const { code, name } = error;
  return code ?? name;
}

// dist/activities/nested-server/transport.js
var NotSentError = class extends Error {
  method;
  url;
  reason;
  name = "NotSentError";
  constructor(method, url, reason) {
    super(`${method} ${url} was not sent: ${reason}`);
    this.method = method;
    this.url = url;
    this.reason = reason;
  }
};
var maximumAnswerBytes = 32 * 1024 * 1024;
function createTransport(options = {}) {
  const { egressPolicy = parseEgressPolicy(), proxyFromEnvironment = false, lookup = dns.lookup } = options;
  const client = axios.create({
    httpAgent: new http.Agent({ keepAlive: true }),
    httpsAgent: new https.Agent({ keepAlive: true }),
    // Left to itself, axios reads the environment: a proxy that nobody asked for would see the session key.
    ...!proxyFromEnvironment && { proxy: false },
    // Else the session key would be carried to another host.
    maxRedirects: 0,
    maxContentLength: maximumAnswerBytes,
    maxBodyLength: Number.POSITIVE_INFINITY,
    validateStatus: () => true,
    responseType: "text",
    transformResponse: (text2) => text2
  });
  return traced(async (request) => {
    const { method, url } = request;
    const { hostname, port } = destinationOf(url);
    const refuse = (reason) => new NotSentError(method, url, reason);
    const refusal = egressPolicy({ hostname, port });
    if (refusal)
      throw refuse(refusal);
    const lookUpAllowed = async (name, lookupOptions) => {
      const found = await lookup(name, { ...lookupOptions, all: true });
      const refusals = found.map(({ address }) => egressPolicy({ hostname: name, port, address }));
      const [first] = refusals;
      if (first && refusals.every(Boolean))
        throw refuse(first);
      return [found.filter((_, index) => !refusals[index])];
    };
    try {
      return await client.request({ ...request, lookup: lookUpAllowed });
    } catch (error) {
      throw error instanceof AxiosError && error.cause instanceof NotSentError ? error.cause : error;
    }
  });
}
function destinationOf(url) {
  const { hostname, port, protocol } = new URL(url);
  return {
    hostname: hostname.replace(/^\[(.+)\]$/, "$1"),
    port: port === "" ? defaultPorts[protocol] : Number(port)
  };
}
var defaultPorts = { "http:": 80, "https:": 443 };

// dist/activities/nested-server/http-client.js
var NoAnswerError = class extends Error {
  method;
  url;
  reason;
  name = "NoAnswerError";
  constructor(method, url, reason) {
    super(`${method} ${url}: ${reason}`);
    this.method = method;
    this.url = url;
    this.reason = reason;
  }
};
var HttpClient = class {
  options;
  #sharedDeadline;
  constructor(options) {
    this.options = options;
    if (options.sharedDeadline)
      this.#sharedDeadline = AbortSignal.timeout(options.timeoutMs);
  }
  /**
   * The answer, whatever its status. Throws {@link NoAnswerError}, {@link NotSentError}, or the reason of the aborted
   * `signal`.
   */
  async send({ method, path, query, body }) {
    const { transport, baseUrl, sessionApiKey, signal, readTimeoutMs: readTimeoutMs2 = Number.POSITIVE_INFINITY } = this.options;
    const isRead = method === "GET";
    const timeoutMs = isRead ? Math.min(this.options.timeoutMs, readTimeoutMs2) : this.options.timeoutMs;
    const url = baseUrl + path;
    const deadline = this.#sharedDeadline ?? AbortSignal.timeout(timeoutMs);
    signal.throwIfAborted();
    try {
      const { status, headers, data } = await transport({
        method,
        url,
        params: query,
        data: body,
        headers: { Accept: "application/json", ...sessionApiKey && { "X-Session-API-Key": sessionApiKey } },
        signal: isRead ? AbortSignal.any([deadline, signal]) : deadline
      });
      return { method, url, status, headers: { ...headers }, text: data, json: parseJson(data) };
    } catch (error) {
      if (error instanceof NotSentError)
        throw error;
      if (!deadline.aborted)
        signal.throwIfAborted();
      throw new NoAnswerError(method, url, deadline.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error));
    }
  }
};
function parseJson(text2) {
  try {
    return JSON.parse(text2);
  } catch {
    return void 0;
  }
}
var untrusted = "its certificate is signed by a CA that the worker does not trust: name the CA's file in NODE_EXTRA_CA_CERTS";
var reasons = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection reset",
  ENOTFOUND: "host name not found",
  EAI_AGAIN: "host name could not be looked up",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "connection timed out",
  EPROTO: "TLS handshake failed: is apiUrl https where the server speaks http?",
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted
};
function reasonOf(error) {
  const { code = "", message = "" } = error instanceof Error ? error : {};
  if (message.startsWith("maxContentLength"))
    return `an answer of more than ${maximumAnswerBytes} bytes`;
  if (code === AxiosError2.ERR_BAD_RESPONSE)
    return "connection cut off within the answer";
  return [reasons[code] ?? message.slice(0, 200), code && `(${code})`].filter(Boolean).join(" ");
}

// dist/activities/secrets.js
var hidden = "***";
var secretNames = /key|token|secret|password|credential|authorization|headers|^env$|^args$|^initialUserMsg$/i;
var providerTokens = /\b(?:sk|ghp|gho|ghs|github_pat|glpat|xox[abp])[-_][\w-]{8,}/g;
var urlCredentials = /(?<=[?&][\w-]*(?:key|token|secret|password)=)[^&\s"']+|(?<=:\/\/)[^\s/@"']+(?=@)/gi;
var deepest = limits.nestingLevels;
var shortestSecret = 6;
var pieceCharacters = 100;
var maximumPieces = 1e3;
function secretsOf(input) {
  const { replayJson } = input ?? {};
  const replayed = typeof replayJson === "string" ? [replayedMessage(replayJson)] : [];
  const pieces = [...stringsBelow(input, false, deepest), ...replayed].flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())]).flatMap(piecesOf).filter((piece) => piece.length >= shortestSecret);
  return [...new Set(pieces)].sort((one, other) => other.length - one.length);
}
function piecesOf(secret) {
  const count = Math.min(Math.ceil(secret.length / pieceCharacters), maximumPieces);
  return Array.from({ length: count }, (_, index) => secret.slice(index * pieceCharacters, (index + 1) * pieceCharacters));
}
function stringsBelow(value, isSecret, levels) {
  if (typeof value === "string")
    return isSecret ? [value] : [];
  if (typeof value !== "object" || value === null || levels === 0)
    return [];
  return Object.entries(value).flatMap(([name, inner]) => stringsBelow(inner, isSecret || secretNames.test(name), levels - 1));
}
function redact(value, secrets) {
  return redactUnknown(value, secrets);
}
function redactUnknown(value, secrets) {
  if (typeof value === "string") {
    const withoutSecrets = secrets.reduce((text2, secret) => text2.replaceAll(secret, hidden), value);
    return withoutSecrets.replace(providerTokens, hidden).replace(urlCredentials, hidden);
  }
  if (Array.isArray(value))
    return value.map((inner) => redactUnknown(inner, secrets));
  if (typeof value !== "object" || value === null)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redactUnknown(inner, secrets)]));
}

// dist/activities/failure-boundary.js
var bounds = { message: 1e3, detail: 400 };
var maximumItems = 10;
async function withinContract(input, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CancelledFailure)
      throw error;
    throw presentable(failureOf(error), secretsOf(input));
  }
}
function presentableText(text2, input) {
  return shorten(inOneLine(redact(text2, secretsOf(input))), bounds.detail);
}
function failureOf(error) {
  if (error instanceof NoAnswerError)
    return failureOfNoAnswer(error);
  return error instanceof NotSentError ? failureOfNotSent(error) : ensureApplicationFailure(error);
}
function presentable(failure2, secrets) {
  const { type, nonRetryable, nextRetryDelay, category } = failure2;
  const presented = ApplicationFailure2.create({
    message: shorten(inOneLine(redact(failure2.message, secrets)), bounds.message),
    details: (failure2.details ?? []).map((details) => shortenAll(redact(details, secrets))),
    ...type != null && { type },
    ...nonRetryable != null && { nonRetryable },
    ...nextRetryDelay != null && { nextRetryDelay },
    ...category != null && { category }
  });
  presented.stack = "";
  return presented;
}
function shortenAll(value) {
  if (typeof value === "string")
    return shorten(value, bounds.detail);
  if (Array.isArray(value))
    return value.slice(0, maximumItems).map(shortenAll);
  if (typeof value !== "object" || value === null)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shortenAll(inner)]));
}
function inOneLine(text2) {
  return text2.replace(/\s+/g, " ");
}
function shorten(text2, bytes) {
  const whole = text2.toWellFormed();
  if (jsonBytes(whole) <= bytes)
    return whole;
  const ellipsis = "\u2026";
  let left = bytes - jsonBytes(ellipsis);
  let kept = "";
  for (const character of whole) {
    left -= jsonBytes(character);
    if (left < 0)
      break;
    kept += character;
  }
  return kept + ellipsis;
}
function jsonBytes(text2) {
  return Buffer.byteLength(JSON.stringify(text2)) - '""'.length;
}

// dist/activities/heartbeats.js
import { Context } from "@temporalio/activity";
var heartbeatIntervalMs = 1e3;
async function heartbeatDuring(details, work) {
  const context3 = Context.current();
  let told = context3.info.heartbeatDetails;
  const beat = () => {
    const current = details();
    if (current === void 0)
      return;
    context3.heartbeat(current);
    told = current;
  };
  const timer = setInterval(beat, heartbeatIntervalMs);
  try {
    return await work();
  } catch (error) {
    if (JSON.stringify(details()) !== JSON.stringify(told))
      beat();
    throw error;
  } finally {
    clearInterval(timer);
  }
}
async function writeDown(details) {
  const { client, info } = Context.current();
  await client.activity.heartbeat(info.taskToken, details);
}

// dist/activities/nested-server/message-digest.js
import { createHash } from "node:crypto";
var hiddenSecret = "<secret_hidden>";
function messageDigest(text2) {
  return createHash("sha256").update(text2).digest("base64url");
}
function isMessage(stored, digest) {
  return stored.includes(hiddenSecret) || messageDigest(stored) === digest;
}

// dist/activities/nested-server/agent-server.js
var pageSize = 10;
var patience = 5;
var atWork = /* @__PURE__ */ new Set(["running", "waiting_for_confirmation", "finished"]);
var agentServer = {
  async survey(server, { sid }) {
    const newest = await readEvents(server, sid, { sort_order: "TIMESTAMP_DESC", limit: 1 });
    const status = await readStatus(server, sid);
    if (!newest && status !== "absent") {
      const message = `${sid} is ${status}, but its events can't be read: another host of the server may still hold it`;
      throw failure("NestedServerUnavailable", message, {});
    }
    const watermark = newest?.events[0]?.id;
    return { watermark, cursor: watermark, caughtUp: true, status };
  },
  async observe(server, goal, known) {
    const { watermark, woken } = known;
    const lost = { watermark, cursor: watermark, caughtUp: true, status: "absent" };
    if (!await hasEvents(server, goal.sid))
      return counted(known, lost);
    const read = await readOn(server, goal, known);
    const status = await readStatus(server, goal.sid);
    if (status === "absent")
      return counted(known, lost);
    const error = status === "error" ? await readError(server, goal, read) : void 0;
    return counted(known, { ...read, status, error, woken: woken && !atWork.has(status) });
  },
  decide(known, goal) {
    const over = endOf(known);
    if (over)
      return { fail: over };
    if (known.status === "absent")
      return "post";
    if (goal.messageDigest === void 0 || !known.caughtUp || !isSettled(known))
      return "done";
    if (known.messageId === void 0)
      return "deliver";
    return atWork.has(known.status) || known.woken ? "done" : "wake";
  },
  judge(known, goal) {
    const over = endOf(known);
    if (over)
      return { kind: "failed", reason: over };
    const { status } = known;
    if (status === "absent")
      return { kind: isSettled(known) ? "incomplete" : "pending", seen: status };
    const isComplete = goal.messageDigest === void 0 || known.messageId !== void 0;
    const mayRest = goal.messageDigest === void 0 || goal.readyWhen === "accepting-events";
    if (isComplete && (mayRest || atWork.has(status)))
      return { kind: "ready", status };
    const seen = isComplete ? status : `${status}, without its message`;
    return { kind: agentServer.decide(known, goal) === "done" ? "pending" : "incomplete", seen };
  },
  async perform(step, server, conversation2, known) {
    const answer = await server.send(requestOf(step, conversation2));
    const next = { ...known, unchanged: 0, woken: step === "wake" };
    if (step !== "post" && (answer.status === 404 || answer.status === 409))
      return next;
    const isIts = step === "post" ? isOf(conversation2, answer) : property(answer.json, "success") === true;
    if (answer.status >= 300 || !isIts)
      throw failureOfAnswer(answer);
    return next;
  },
  async stop(server, sid) {
    const answer = await server.send({ method: "POST", path: `${pathOf(sid)}/pause` });
    if (answer.status >= 300 && answer.status !== 404)
      throw failureOfAnswer(answer);
  }
};
function endOf({ status, error, messageId }) {
  if (status === "deleting")
    return "it is being deleted";
  if (status === "stuck" && messageId !== void 0)
    return "the agent is stuck";
  return error;
}
function isSettled({ unchanged, status, messageId }) {
  if (unchanged === void 0)
    return true;
  const isHeldUp = status === "running" && messageId === void 0;
  return unchanged >= patience && !isHeldUp;
}
function counted(known, seen) {
  const isSame = known.status === seen.status && known.messageId === seen.messageId;
  return { ...seen, unchanged: isSame ? (known.unchanged ?? 0) + 1 : 1 };
}
function requestOf(step, conversation2) {
  const { sid } = conversation2;
  switch (step) {
    case "post":
      return { method: "POST", path: "/api/conversations", body: startOf(conversation2) };
    case "deliver":
      return { method: "POST", path: `${pathOf(sid)}/events`, body: messageOf(conversation2) };
    case "wake":
      return { method: "POST", path: `${pathOf(sid)}/run` };
    default:
      throw new TypeError(`agent-server has no step '${step}'`);
  }
}
function isOf({ sid }, { json: json2 }) {
  return stringAt(json2, "id") === sid.toLowerCase();
}
function startOf(conversation2) {
  const { agentSettings, workspace, ...others } = conversation2.settings;
  return {
    ...others,
    agent_settings: agentSettings,
    workspace,
    conversation_id: conversation2.sid,
    user_id: conversation2.userId,
    initial_message: messageOf(conversation2)
  };
}
function messageOf({ initialUserMsg }) {
  if (initialUserMsg === null)
    return null;
  const { content, imageUrls = [] } = initialUserMsg;
  const parts = [
    ...content === "" ? [] : [{ type: "text", text: content }],
    ...imageUrls.length === 0 ? [] : [{ type: "image", image_urls: imageUrls }]
  ];
  return { role: "user", content: parts, run: true };
}
async function readOn(server, goal, known) {
  const { messageDigest: digest } = goal;
  if (digest === void 0 || known.messageId !== void 0)
    return known;
  const query = { kind: "MessageEvent", source: "user", limit: pageSize, ...from(known.cursor) };
  const page = await readEvents(server, goal.sid, query);
  if (!page)
    return known;
  const ours = page.events.find((event) => event.id !== known.cursor && isMessage(textOf(event), digest));
  const cursor = page.events.at(-1)?.id ?? known.cursor;
  return { ...known, messageId: ours?.id, cursor, caughtUp: ours !== void 0 || !page.hasMore };
}
async function readError(server, goal, known) {
  if (goal.messageDigest !== void 0 && known.messageId === void 0)
    return void 0;
  const query = { kind: "ConversationErrorEvent", limit: 2, ...from(known.messageId ?? known.watermark) };
  const page = await readEvents(server, goal.sid, query);
  const error = page?.events.find(({ id }) => id !== known.watermark);
  if (!error)
    return void 0;
  return excerpt([error.code, error.detail].filter(Boolean).join(": ")) || "the agent is in state error";
}
function from(eventId) {
  return eventId === void 0 ? {} : { page_id: eventId };
}
function textOf({ llm_message: message }) {
  return (message?.content ?? []).map(({ text: text2 = "" }) => text2).join("");
}
async function hasEvents(server, sid) {
  const answer = await server.send({ method: "GET", path: `${pathOf(sid)}/events/count` });
  if (isAboutConversation(answer))
    return false;
  if (answer.status !== 200 || typeof answer.json !== "number")
    throw failureOfAnswer(answer);
  return true;
}
async function readEvents(server, sid, query) {
  const answer = await server.send({ method: "GET", path: `${pathOf(sid)}/events/search`, query });
  if (isAboutConversation(answer))
    return void 0;
  const events = property(answer.json, "items");
  if (answer.status !== 200 || !isEvents(events))
    throw failureOfAnswer(answer);
  return { events, hasMore: typeof property(answer.json, "next_page_id") === "string" };
}
function isEvents(value) {
  return Array.isArray(value) && value.every((event) => stringAt(event, "id") !== void 0);
}
async function readStatus(server, sid) {
  const answer = await server.send({ method: "GET", path: pathOf(sid) });
  if (answer.status === 404)
    return "absent";
  const status = stringAt(answer.json, "execution_status");
  if (answer.status !== 200 || status === void 0)
    throw failureOfAnswer(answer);
  return excerpt(status);
}
function pathOf(sid) {
  return `/api/conversations/${encodeURIComponent(sid)}`;
}

// dist/activities/nested-server/openhands.js
var pageSize2 = 50;
var maximumPages = 20;
var openhands = {
  async survey(server, { sid }) {
    const { events, isAbsent } = await readEvents2(server, sid, { reverse: true, limit: pageSize2 });
    const watermark = events[0]?.id ?? -1;
    if (isAbsent)
      return { watermark, cursor: watermark, caughtUp: true, status: "absent" };
    const known = { watermark, cursor: watermark, caughtUp: true, ...await readStatus2(server, sid) };
    if (isGone(known) || watermark < 0)
      return known;
    const newest = events.map(agentStateOf).find((agent2) => agent2 !== void 0);
    const agent = { id: watermark, state: newest?.state ?? "busy", reason: "" };
    return known.status === "unreadable" ? { ...known, formerAgent: agent } : { ...known, agent };
  },
  async observe(server, goal, known) {
    const events = await readOn2(server, goal, known);
    const seen = { ...events, ...await readStatus2(server, goal.sid) };
    if (isGone(seen))
      return { ...seen, pastId: seen.cursor };
    return seen.status === "unreadable" ? readOn2(server, goal, seen) : seen;
  },
  decide(known, goal) {
    const over = endOf2(known);
    if (over)
      return { fail: over };
    if (!known.caughtUp)
      return "done";
    const hasMessage = known.messageId !== void 0;
    if (isDead(known))
      return hasMessage ? "post-without-message" : "post";
    if (known.formerAgent && known.loadingId === void 0 && !hasMessage)
      return "post";
    if (isLoading(known) || goal.messageDigest === void 0)
      return "done";
    if (hasMessage)
      return wakingStep(known);
    return goal.isReplay ? { fail: "it was running already, and a running conversation takes no replay" } : "deliver";
  },
  judge(known, goal) {
    const over = endOf2(known);
    if (over)
      return { kind: "failed", reason: over };
    const seen = describe(known);
    if (known.status === "absent")
      return { kind: "pending", seen };
    if (goal.readyWhen === "accepting-events" && isAccepting(known, goal))
      return { kind: "ready", status: nameOf(known) };
    if (!known.caughtUp)
      return { kind: "pending", seen: `${seen}, reading its events, at ${known.cursor}` };
    if (openhands.decide(known, goal) !== "done")
      return { kind: "incomplete", seen };
    if (isLoading(known) || isOutOfSight(known))
      return { kind: "pending", seen };
    if (awaitsAgent(known))
      return { kind: "pending", seen: `${seen}, the message not taken up yet` };
    return { kind: "ready", status: nameOf(known) };
  },
  async perform(step, server, conversation2, known) {
    const answer = await server.send(requestOf2(step, conversation2, known));
    const isPost = step === "post" || step === "post-without-message";
    const proof = isPost ? stringAt(answer.json, "conversation_id") === conversation2.sid : hasSucceeded(answer);
    if (answer.status >= 300 || !proof)
      throw failureOfAnswer(answer);
    if (!isPost)
      return known;
    const isNewLife = stringAt(answer.json, "conversation_status") === "STARTING";
    const { formerAgent, ...rest } = known;
    if (isNewLife)
      return { ...rest, accepted: true, pastId: known.cursor };
    return { ...formerAgent && { agent: formerAgent }, ...rest, accepted: true };
  },
  async stop(server, sid) {
    const answer = await server.send({ method: "POST", path: `${pathOf2(sid)}/stop` });
    if (answer.status >= 300 && answer.status !== 404)
      throw failureOfAnswer(answer);
  }
};
function addEvent(known, event, goal) {
  const { id } = event;
  const seen = { ...known, cursor: Math.max(known.cursor, id) };
  const agent = agentStateOf(event);
  if (agent)
    return { ...seen, agent, ...agent.state === "loading" && { loadingId: id } };
  if (event.observation === "null" && event.cause)
    return { ...seen, nudgeId: id };
  if (event.action === "change_agent_state" && event.args?.agent_state === "running")
    return { ...seen, wakeId: id };
  if (event.action === "message" && event.source === "user" && seen.messageId === void 0) {
    const ours = goal.messageDigest !== void 0 && isMessage(event.args?.content ?? "", goal.messageDigest);
    return ours ? { ...seen, messageId: id } : seen;
  }
  if (event.action && event.source === "agent" && seen.messageId !== void 0 && seen.heardId === void 0) {
    return { ...seen, heardId: id };
  }
  return seen;
}
function agentStateOf({ id, observation, extras }) {
  return observation === "agent_state_changed" ? { id, state: excerpt(extras?.agent_state), reason: excerpt(extras?.reason) } : void 0;
}
function endOf2({ status, runtimeStatus, agent, watermark }) {
  if (status === "ERROR" || status === "ARCHIVED")
    return [status, runtimeStatus].filter(Boolean).join(" ");
  if (agent?.state === "error" && agent.id > watermark)
    return agent.reason || "the agent is in state error";
  return void 0;
}
function isAccepting(known, { messageDigest: messageDigest2 }) {
  return !isDead(known) && (messageDigest2 === void 0 || known.messageId !== void 0);
}
function isDead(known) {
  const { status, loadingId, accepted, agent } = known;
  if (status !== "unreadable")
    return isGone(known);
  return loadingId === void 0 && !accepted || agent?.state === "stopped";
}
function isGone({ status }) {
  return status === "absent" || status === "STOPPED";
}
function isLoading(known) {
  const agent = presentAgent(known);
  return known.status === "STARTING" || agent === void 0 || agent.state === "loading";
}
function presentAgent({ agent, pastId = -1 }) {
  return agent && agent.id > pastId ? agent : void 0;
}
function wakingStep({ messageId = -1, loadingId = -1, heardId, wakeId = -1, nudgeId = -1 }) {
  if (messageId > loadingId || heardId !== void 0)
    return "done";
  if (wakeId < loadingId)
    return "wake";
  return nudgeId < loadingId ? "nudge" : "done";
}
function isOutOfSight({ status, tellsStatus }) {
  return status === "unreadable" && tellsStatus === true;
}
function awaitsAgent({ messageId = -1, agent }) {
  return agent !== void 0 && messageId > agent.id && agent.state !== "running" && agent.state !== "busy";
}
function nameOf({ status, agent }) {
  return status === "unreadable" ? agent?.state ?? status : status;
}
function describe(known) {
  const agent = isGone(known) ? known.agent : presentAgent(known);
  return `${known.status} (agent ${agent?.state ?? "not started"})`;
}
function requestOf2(step, conversation2, known) {
  const { sid, initialUserMsg } = conversation2;
  const message = { content: initialUserMsg?.content ?? "", image_urls: initialUserMsg?.imageUrls ?? [] };
  const event = (body) => ({ method: "POST", path: `${pathOf2(sid)}/events`, body });
  switch (step) {
    case "post":
    case "post-without-message":
      return { method: "POST", path: "/api/conversations", body: initOf(conversation2, step === "post") };
    case "deliver":
      return event({ action: "message", args: message });
    case "wake":
      return event({ action: "change_agent_state", args: { agent_state: "running" } });
    case "nudge":
      return event({ observation: "null", content: "", extras: {}, cause: known.messageId });
  }
}
function initOf({ sid, settings: settings2, initialUserMsg, replayJson }, withMessage) {
  return {
    conversation_id: sid,
    initial_user_msg: withMessage ? initialUserMsg?.content ?? null : null,
    image_urls: withMessage ? initialUserMsg?.imageUrls ?? [] : [],
    replay_json: withMessage ? replayJson : null,
    mcp_config: settings2.mcpConfig ?? null,
    repository: settings2.repository ?? null,
    selected_branch: settings2.selectedBranch ?? null,
    git_provider: settings2.gitProvider ?? null,
    conversation_instructions: settings2.conversationInstructions ?? null
  };
}
async function readOn2(server, goal, known) {
  let seen = { ...known, caughtUp: false };
  for (let page = 0; page < maximumPages && !seen.caughtUp; page++) {
    const { events, hasMore } = await readEvents2(server, goal.sid, { start_id: seen.cursor + 1, limit: pageSize2 });
    seen = { ...events.reduce((evidence, event) => addEvent(evidence, event, goal), seen), caughtUp: !hasMore };
  }
  return seen;
}
async function readEvents2(server, sid, query) {
  const answer = await server.send({ method: "GET", path: `${pathOf2(sid)}/events`, query });
  if (isAboutConversation(answer))
    return { events: [], hasMore: false, isAbsent: true };
  const events = property(answer.json, "events");
  if (answer.status !== 200 || !isEvents2(events))
    throw failureOfAnswer(answer);
  return { events, hasMore: property(answer.json, "has_more") === true };
}
function hasSucceeded({ json: json2 }) {
  return property(json2, "success") === true;
}
function isEvents2(value) {
  return Array.isArray(value) && value.every((event) => Number.isInteger(property(event, "id")));
}
async function readStatus2(server, sid) {
  const answer = await server.send({ method: "GET", path: pathOf2(sid) }).catch(unlessNoAnswer);
  if (!answer || answer.status >= 500)
    return { status: "unreadable" };
  if (isAboutConversation(answer))
    return { status: "absent" };
  if (answer.status !== 200)
    throw failureOfAnswer(answer);
  if (answer.json === null)
    return { status: "absent" };
  const status = excerpt(stringAt(answer.json, "status"));
  if (!status)
    return { status: "unreadable" };
  return { status, runtimeStatus: excerpt(stringAt(answer.json, "runtime_status")), tellsStatus: true };
}
function unlessNoAnswer(error) {
  if (!(error instanceof NoAnswerError))
    throw error;
}
function pathOf2(sid) {
  return `/api/conversations/${encodeURIComponent(sid)}`;
}

// dist/activities/nested-server/dialects.js
var dialects = { openhands, "agent-server": agentServer };
function dialectOf(server) {
  return dialects[server];
}

// dist/activities/check-conversation-ready.js
async function checkConversationReady(input, { transport }) {
  const { server: dialectName = "openhands", apiUrl, client, goal, readiness, attemptsBefore = 0 } = input;
  const { info, cancellationSignal } = Context2.current();
  const attempts = attemptsBefore + info.attempt;
  const earlier = info.heartbeatDetails;
  let { evidence, seen } = earlier ?? { evidence: input.evidence, seen: "nothing yet" };
  const dialect = dialectOf(dialectName);
  const server = new HttpClient({
    transport,
    baseUrl: baseUrlOf(apiUrl),
    sessionApiKey: client?.sessionApiKey,
    timeoutMs: toMilliseconds(readiness.lookTimeout),
    sharedDeadline: true,
    signal: cancellationSignal
  });
  const notReady = (lastObservation, category) => {
    seen = presentableText(lastObservation, input);
    const { maximumAttempts, interval } = readiness;
    const more = attempts < maximumAttempts ? `next in ${interval}` : "the last";
    const waitedMs = info.currentAttemptScheduledTimestampMs - info.scheduledTimestampMs;
    return failure("ConversationNotReady", `${goal.sid} is ${seen}; look ${attempts} of ${maximumAttempts}, ${more}`, { attempts, maximumAttempts, interval, waitedMs, lastObservation: seen }, category && { category });
  };
  return withinContract(input, () => heartbeatDuring(() => ({ evidence, seen }), async () => {
    try {
      evidence = await dialect.observe(server, goal, evidence);
    } catch (error) {
      throw isUnavailable(error) ? notReady(`not reachable: ${error.message}`) : error;
    }
    const observation = dialect.judge(evidence, goal);
    switch (observation.kind) {
      case "ready":
        return { ready: true, attempts, status: observation.status };
      case "incomplete":
        if (attempts >= readiness.maximumAttempts)
          throw notReady(observation.seen);
        return { ready: false, attempts, seen: presentableText(observation.seen, input), evidence };
      case "failed":
        throw failure("ConversationFailed", `${goal.sid} failed: ${observation.reason}`, {
          reason: observation.reason
        });
      case "pending":
        throw notReady(observation.seen, ApplicationFailureCategory.BENIGN);
    }
  }));
}
function isUnavailable(error) {
  return error instanceof NoAnswerError || error instanceof ApplicationFailure3 && error.type === "NestedServerUnavailable";
}

// dist/activities/create-conversation.js
import { Context as Context4 } from "@temporalio/activity";

// dist/activities/check-input.js
function checkInput(input) {
  const parsed = parseInput(input);
  if ("conversation" in parsed)
    return parsed.conversation;
  throw invalidInput(parsed.problems);
}
function invalidInput(problems) {
  return failure("InvalidInput", describeProblems(problems), { problems });
}

// dist/activities/metrics.js
import { STATUS_CODES } from "node:http";
import { Context as Context3 } from "@temporalio/activity";

// dist/contract/metrics.js
var metricNames = {
  /** Counter, label `server`: creates that succeeded. A start that has lost its conversation creates it again. */
  created: "nested_conversations_created",
  /** Counter: starts that ended ready. */
  ready: "nested_conversations_ready",
  /** Counter, label `type`: starts that failed, by failure type. */
  failed: "nested_conversations_failed",
  /** Histogram, in seconds: from the start to ready. */
  timeToReady: "nested_conversations_time_to_ready",
  /** Histogram: looks that a start took to be ready. */
  looks: "nested_conversations_looks",
  /** Counter, labels `method` and `status`: requests to nested servers. */
  requests: "nested_server_requests"
};

// dist/activities/metrics.js
function countCreated(server) {
  Context3.current().metricMeter.createCounter(metricNames.created).add(1, { server });
}
function counted2(transport) {
  return async (request) => {
    const { method } = request;
    const requests = Context3.current().metricMeter.createCounter(metricNames.requests);
    try {
      const answer = await transport(request);
      requests.add(1, { method, status: answer.status in STATUS_CODES ? answer.status : "other" });
      return answer;
    } catch (error) {
      requests.add(1, { method, status: whyNoAnswer(request, error) });
      throw error;
    }
  };
}
function whyNoAnswer(request, error) {
  if (error instanceof NotSentError)
    return "not sent";
  return whyGivenUp(request) ?? error.code ?? "other";
}

// dist/codec/claim-check.js
import { decode, encode } from "@temporalio/common/lib/internal-non-workflow/codec-helpers.js";

// dist/codec/proto.js
import proto from "@temporalio/proto";
var { Payload: PayloadMessage, Payloads: PayloadsMessage } = proto.temporal.api.common.v1;

// dist/codec/claim-check.js
var UnreadableClaimError = class extends Error {
  name = "UnreadableClaimError";
};

// dist/contract/claim.js
function replayClaimOf(input) {
  const { replayJson } = input ?? {};
  return typeof replayJson === "object" && typeof replayJson?.claim === "string" ? replayJson.claim : void 0;
}

// dist/activities/redeem-replay.js
var fetchTimeoutMs = 8e3;
var uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
async function redeemReplay(input, claimCheck) {
  const claim = replayClaimOf(input);
  if (claim === void 0)
    return input;
  const invalid = (problem) => invalidInput([{ field: "replayJson", problem }]);
  if (!uuid.test(claim))
    throw invalid("must be a text: its claim is no UUID");
  if (!claimCheck)
    throw invalid("is in a payload store, and this worker has none: set PAYLOAD_STORE as for the client");
  const place = `${claimCheck.storeUrl}/${claim}`;
  try {
    const replayJson = await claimCheck.fetch(claim, AbortSignal.timeout(fetchTimeoutMs));
    if (replayJson !== void 0)
      return { ...input, replayJson };
  } catch (error) {
    const { message } = error;
    if (error instanceof UnreadableClaimError)
      throw invalid(`can't be read from ${place}: ${message}`);
    throw failure("NestedServerUnavailable", `replayJson can't be fetched from ${place}: ${message}`, {});
  }
  throw invalid(`is not in the payload store (any more): there is no ${place}; start again with the replay itself`);
}

// dist/activities/create-conversation.js
async function createConversation({ input, evidence }, { transport, claimCheck }) {
  return withinContract(input, async () => {
    const conversation2 = checkInput(await redeemReplay(input, claimCheck));
    const earlier = Context4.current().info.heartbeatDetails ?? evidence;
    const known = await reconcile(conversation2, connect(conversation2, transport), earlier);
    countCreated(conversation2.server);
    return { goal: goalOf(conversation2), readiness: conversation2.readiness, evidence: known };
  });
}
var maximumSteps = 6;
async function reconcile(conversation2, server, earlier) {
  const dialect = dialectOf(conversation2.server);
  const goal = goalOf(conversation2);
  let known = earlier;
  return heartbeatDuring(() => known, async () => {
    known = known ? await dialect.observe(server, goal, known) : await dialect.survey(server, goal);
    for (let steps = 0, last = "done"; ; steps++) {
      const step = dialect.decide(known, goal);
      if (step === "done" || step === last)
        return known;
      if (typeof step === "object") {
        throw failure("ConversationFailed", `${goal.sid} can't be started: ${step.fail}`, { reason: step.fail });
      }
      if (steps === maximumSteps) {
        const message = `${goal.sid} does not settle: after ${steps} requests it still needs '${step}'`;
        throw failure("NestedServerUnavailable", message, {});
      }
      await writeDown(known);
      known = await dialect.perform(step, server, conversation2, known);
      known = await dialect.observe(server, goal, known);
      last = step;
    }
  });
}
var readTimeoutMs = 1e4;
function connect({ apiUrl, client }, transport) {
  return new HttpClient({
    transport,
    baseUrl: apiUrl,
    sessionApiKey: client.sessionApiKey,
    timeoutMs: toMilliseconds(client.timeout),
    readTimeoutMs,
    signal: Context4.current().cancellationSignal
  });
}
function goalOf({ sid, initialUserMsg, replayJson, readiness }) {
  const firstMessage = replayJson === null ? initialUserMsg?.content : replayedMessage(replayJson);
  return {
    sid,
    ...firstMessage !== void 0 && { messageDigest: messageDigest(firstMessage) },
    isReplay: replayJson !== null,
    readyWhen: readiness.readyWhen
  };
}

// dist/activities/stop-conversation.js
import { Context as Context5 } from "@temporalio/activity";
var stopTimeoutMs = 1e4;
async function stopConversation({ input }, { transport }) {
  const { cancellationSignal: signal } = Context5.current();
  await withinContract(input, () => {
    const { server, apiUrl: baseUrl, sid, client } = checkInput(input);
    const { sessionApiKey } = client;
    const http2 = new HttpClient({ transport, baseUrl, sessionApiKey, timeoutMs: stopTimeoutMs, signal });
    return dialectOf(server).stop(http2, sid);
  });
}

// dist/activities/activities.js
function createActivities(given = {}) {
  const { transport = createTransport() } = given;
  const dependencies = { ...given, transport: counted2(transport) };
  return {
    createConversation: (input) => createConversation(input, dependencies),
    checkConversationReady: (input) => checkConversationReady(input, dependencies),
    stopConversation: (input) => stopConversation(input, dependencies)
  };
}
export {
  createActivities
};
