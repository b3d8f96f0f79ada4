// What this device keeps, in IndexedDB: entries, parties and edits that wait for a connection, each bound to the user and business
// that wrote it; who is signed in (no secret); the names of parties seen last, for the offline form; and whose books are
// kept here, if any.
// It runs in pages and in the worker, so it exports by name.
self.store = (() => {
	const database = "tijori", mostSeen = 200;

	const open = () => new Promise((done, fail) => {
		const r = indexedDB.open(database, 1);
		r.onupgradeneeded = () => {
			r.result.createObjectStore("entries", { keyPath: "id" });
			r.result.createObjectStore("seen", { keyPath: ["business", "party"] });
			r.result.createObjectStore("who");
		};
		r.onsuccess = () => done(r.result);
		r.onerror = () => fail(r.error);
	});

	// run does one act in one transaction, and answers when it is on the disk.
	async function run(name, mode, act) {
		const db = await open();
		try {
			return await new Promise((done, fail) => {
				const t = db.transaction(name, mode, { durability: "strict" });
				const asked = act(t.objectStore(name));
				t.oncomplete = () => done(asked?.result);
				t.onerror = t.onabort = () => fail(t.error);
			});
		} finally {
			db.close();
		}
	}

	const all = (name) => run(name, "readonly", (s) => s.getAll());
	const who = () => run("who", "readonly", (s) => s.get("me"));
	const byAge = (a, b) => a.at - b.at;

	// waiting lists a user's entries, oldest first; nobody has none.
	const waiting = async (user) => (user ? (await all("entries")).filter((x) => x.user === user).sort(byAge) : []);

	// change alters an entry that is still there; one that was sent or deleted meanwhile stays away.
	const change = (id, alter) => run("entries", "readwrite", (s) => {
		s.get(id).onsuccess = (e) => e.target.result && s.put({ ...e.target.result, ...alter });
	});

	// drop deletes what waits; with a moment, only what was written then: an edit may have been written again meanwhile.
	const drop = (id, at) => run("entries", "readwrite", (s) => {
		if (at === undefined) s.delete(id);
		else s.get(id).onsuccess = (e) => e.target.result?.at === at && s.delete(id);
	});

	// iAm says who is signed in, and forgets the parties that somebody else has seen.
	async function iAm(me) {
		await run("who", "readwrite", (s) => s.put(me, "me"));
		await run("seen", "readwrite", (s) => {
			s.getAll().onsuccess = (e) => {
				const old = e.target.result.sort((a, b) => b.at - a.at);
				old.forEach((x, i) => (x.user !== me.user || i >= mostSeen) && s.delete([x.business, x.party]));
			};
		});
	}

	// forget is for when nobody is signed in. Waiting entries stay: they are their user's, and shown to nobody else.
	async function forget() {
		if (indexedDB.databases && !(await indexedDB.databases()).some((d) => d.name === database)) return;
		await run("who", "readwrite", (s) => s.delete("me"));
		await run("seen", "readwrite", (s) => s.clear());
	}

	// The books that this device keeps for reading without a connection are in a database of their own, which books.js
	// opens. Here stands whose they are, and since when they are behind what was written here.
	async function books() {
		if (indexedDB.databases && !(await indexedDB.databases()).some((d) => d.name === database)) return undefined;
		return run("who", "readonly", (s) => s.get("books"));
	}

	const changeBooks = (change) => run("who", "readwrite", (s) => {
		s.get("books").onsuccess = (e) => e.target.result && s.put(change(e.target.result), "books");
	});

	// eraseBooks erases them with their keys. It waits for nobody who has them open: they make way.
	async function eraseBooks() {
		await new Promise((done) => {
			const r = indexedDB.deleteDatabase("tijori-books");
			r.onsuccess = r.onerror = done;
		});
		await run("who", "readwrite", (s) => s.delete("books"));
	}

	// newID is a UUID of version 7: entries of a day stand in the order of their ids.
	function newID() {
		const b = crypto.getRandomValues(new Uint8Array(16));
		new DataView(b.buffer).setUint16(0, Math.floor(Date.now() / 2 ** 32));
		new DataView(b.buffer).setUint32(2, Date.now() % 2 ** 32);
		b[6] = b[6] & 0x0f | 0x70;
		b[8] = b[8] & 0x3f | 0x80;
		return [...b].map((x, i) => ([4, 6, 8, 10].includes(i) ? "-" : "") + x.toString(16).padStart(2, "0")).join("");
	}

	return {
		newID, who, iAm, forget, waiting, change, books, eraseBooks,
		keepBooks: (user) => run("who", "readwrite", (s) => s.put({ user }, "books")),
		staleBooks: () => changeBooks((b) => ({ ...b, stale: (b.stale ?? 0) + 1 })),
		freshBooks: (read) => changeBooks((b) => b.stale === read.stale ? { user: b.user } : b),
		keep: (x) => run("entries", "readwrite", (s) => s.put(x)),
		drop,
		see: (parties) => run("seen", "readwrite", (s) => parties.forEach((p) => s.put(p))),
		seen: async (user) => (await all("seen")).filter((x) => x.user === user).sort((a, b) => b.at - a.at),
	};
})();
