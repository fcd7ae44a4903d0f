import { TestWorkflowEnvironment } from '@temporalio/testing';

// Runs as its own process. The SDK downloads a server only when it starts one, and that fixes the options of the
// process-wide Runtime, which a worker in the same process could then no longer set.
const [kind, version = 'default', downloadDir = '.'] = process.argv.slice(2);
const server = { executable: { type: 'cached-download', version, downloadDir } } as const;

try {
  const environment = await (kind === 'temporal'
    ? TestWorkflowEnvironment.createLocal({ server })
    : TestWorkflowEnvironment.createTimeSkipping({ server }));
  await environment.teardown();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
