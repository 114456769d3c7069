"""The values of secrets and tokens: files to read and to write. No tool takes or shows one."""
