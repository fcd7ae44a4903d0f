# The worker. Debian rather than Alpine: Temporal's native core (@temporalio/core-bridge) is linked against glibc.
# For a reproducible image, pin the digest: --build-arg NODE_VERSION=24-bookworm-slim@sha256:…
ARG NODE_VERSION=24-bookworm-slim

FROM node:${NODE_VERSION} AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:${NODE_VERSION} AS dependencies
WORKDIR /app
COPY package.json package-lock.json deploy/docker/need-worker-packages.mjs ./
# core-bridge ships its binary for five platforms, about 28 MB each. Keep the one for this platform.
RUN node need-worker-packages.mjs && npm install --omit=dev \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 \
    ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -r {} +

FROM node:${NODE_VERSION}
# This is glibc's default. If it is not set, glibc raises it while it runs, and freed memory stays with the process.
ENV NODE_ENV=production MALLOC_TRIM_THRESHOLD_=131072
WORKDIR /app
# Owned by root: the worker can read its code and not change it.
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/dist ./dist
USER node
CMD ["node", "--enable-source-maps", "dist/worker/main.js"]
