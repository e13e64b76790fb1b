insert into floor_jobs (request) values ('{"model": "x", "prompt": "hello world, this is a small no-op request of about a hundred bytes", "n": 1}');
