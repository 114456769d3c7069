from drone_mcp_logs.server import main

if __name__ == "__main__":
    main()
