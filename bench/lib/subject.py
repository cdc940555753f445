"""A process that answers commands, one line each, so that several can be measured in turn."""
import os
import subprocess


class Subject:
    """Its first line greets: "ready ...", or why it won't do. `environment`: variables to set."""

    def __init__(self, name, command, **environment):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=os.environ | environment)
        self.greeting = self.process.stdout.readline().strip()
        self.works = self.greeting.startswith("ready")

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer or answer.startswith("refused"):
            raise SystemExit(f"{self.name}: {answer or 'ended'}")
        return answer

    def end(self):
        self.process.stdin.close()
        self.process.wait()
