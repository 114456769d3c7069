"""The values of secrets and tokens: files to read and to write, and a page for a person. No tool takes or shows one."""
