"""The toolkit's own administration: who is served with which role, and the audit log. It reads, and changes nothing."""
