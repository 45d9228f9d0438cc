// The connection: opens the socket, comes back after a loss with backoff, sees gaps, asks to catch up.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15000;
const SILENCE = 8000; // a process sends at least every 2 s: this long without a word is a dead connection
const NOT_ALLOWED = 4403;

export class Feed {
    // on: {snapshot(message), batch(message), state(name, seconds)}; knownRunning() gives the ids to catch up on
    constructor(path, on, knownRunning) {
        this.on = on;
        this.knownRunning = knownRunning;
        this.url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
        this.sequences = new Map();
        this.failures = 0;
        this.heardAt = Date.now();
        setInterval(() => this.#watch(), 2000);
        addEventListener("online", () => this.#hurry());
        document.addEventListener("visibilitychange", () => document.hidden || this.#watch());
        this.#open();
    }

    catchUp() {
        if (this.socket.readyState === WebSocket.OPEN) {
            this.socket.send(JSON.stringify({catch_up: this.knownRunning()}));
        }
    }

    #open() {
        this.timer = null;
        this.sequences.clear();
        this.on.state("connecting");
        this.heardAt = Date.now();
        const socket = new WebSocket(this.url);
        this.socket = socket;
        socket.onmessage = event => this.socket === socket && this.#heard(JSON.parse(event.data));
        socket.onclose = event => this.socket === socket && this.#lost(event.code);
    }

    #heard(message) {
        this.heardAt = Date.now();
        if (message.type === "snapshot") {
            if (this.failures || !this.isOpen) {
                this.failures = 0;
                this.isOpen = true;
                const running = this.knownRunning();
                if (running.length) this.catchUp(); // what was in flight before the loss has ended by now
            }
            this.on.state("open");
            this.on.snapshot(message);
        } else if (message.type === "batch") {
            const last = this.sequences.get(message.process);
            this.sequences.set(message.process, message.sequence);
            this.on.batch(message);
            if (last !== undefined && message.sequence !== last + 1) this.catchUp();
        }
    }

    async #lost(code) {
        this.isOpen = false;
        this.failures += 1;
        if (code === NOT_ALLOWED || (this.failures > 1 && (await isSignedOut()))) {
            this.on.state("signed_out");
            return;
        }
        const wait = Math.min(FIRST_WAIT * 2 ** (this.failures - 1), LONGEST_WAIT) * (0.75 + Math.random() / 2);
        this.on.state("closed", Math.ceil(wait / 1000));
        this.timer = setTimeout(() => this.#open(), wait);
    }

    #watch() {
        // A laptop that slept has a socket that looks open and is not.
        if (this.socket.readyState === WebSocket.OPEN && Date.now() - this.heardAt > SILENCE) {
            const dead = this.socket;
            this.socket = {readyState: WebSocket.CLOSED};
            dead.close();
            this.#lost(0);
        }
    }

    #hurry() {
        if (this.timer) {
            clearTimeout(this.timer);
            this.#open();
        }
    }
}

async function isSignedOut() {
    try {
        const response = await fetch(location.pathname, {method: "HEAD", redirect: "manual"});
        return response.type === "opaqueredirect" || response.status === 403;
    } catch {
        return false; // the server is away, which says nothing about the person
    }
}
