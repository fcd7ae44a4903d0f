/** The environment variable in which run-tests.ts passes the address of the shared dev server to test files. */
export const sharedServerVariable = 'TEST_TEMPORAL_ADDRESS';
