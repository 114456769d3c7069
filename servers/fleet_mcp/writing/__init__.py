"""Creates agents, gives them work, talks to them, stops and deletes them; each change passes the guard."""
