import { TestWorkflowEnvironment } from '@temporalio/testing';

// Run as a process of its own: the SDK downloads only as a part of starting a server, and starting one settles the
// process-wide Runtime, which a worker in the same process could then no longer configure.
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
