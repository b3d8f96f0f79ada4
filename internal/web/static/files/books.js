// The books that this device keeps for reading without a connection, in a database of their own. Each is encrypted by
// AES-GCM with a key that no script can read out. With a PIN there is a second envelope inside: a fresh key for each
// copy, itself encrypted for a key pair whose private half is encrypted with the PIN. So a copy is renewed without the
// PIN, and read only with it. Nothing is kept once the server says that its user may not read it.
import "./store.js";

const database = "tijori-books";
const mostTries = 5, rounds = 600_000; // of PBKDF2 with SHA-256
const often = 5 * 60_000; // between two copies, unless something was written here
const aes = { name: "AES-GCM", length: 256 }, rsa = { name: "RSA-OAEP", hash: "SHA-256" };
const bytes = (text) => new TextEncoder().encode(text);
const subtle = () => crypto.subtle;

function open() {
	return new Promise((done, fail) => {
		const r = indexedDB.open(database, 1);
		r.onupgradeneeded = () => {
			r.result.createObjectStore("keys");
			r.result.createObjectStore("books", { keyPath: "business" });
		};
		r.onsuccess = () => {
			r.result.onversionchange = () => r.result.close(); // somebody erases it
			done(r.result);
		};
		r.onerror = () => fail(r.error);
	});
}

// run does one act in one transaction over keys and books, and answers when it is on the disk.
async function run(mode, act) {
	const db = await open();
	try {
		return await new Promise((done, fail) => {
			const t = db.transaction(["keys", "books"], mode, { durability: "strict" });
			let out;
			act(t.objectStore("keys"), t.objectStore("books"), (x) => out = x);
			t.oncomplete = () => done(out);
			t.onerror = t.onabort = () => fail(t.error);
		});
	} finally {
		db.close();
	}
}

const keys = () => run("readonly", (k, b, give) => k.get("me").onsuccess = (e) => give(e.target.result));
const kept = () => run("readonly", (k, b, give) => b.getAll().onsuccess = (e) => give(e.target.result));

// Encryption. What is encrypted is bound to its user and business: a copy put into another place does not open.

async function seal(key, data, about) {
	const iv = crypto.getRandomValues(new Uint8Array(12));
	return { iv, data: await subtle().encrypt({ name: "AES-GCM", iv, additionalData: bytes(about) }, key, data) };
}

const unseal = (key, { iv, data }, about) =>
	subtle().decrypt({ name: "AES-GCM", iv, additionalData: bytes(about) }, key, data);

async function pinKey(pin, salt) {
	const typed = await subtle().importKey("raw", bytes(pin), "PBKDF2", false, ["deriveKey"]);
	return subtle().deriveKey({ name: "PBKDF2", hash: "SHA-256", salt, iterations: rounds }, typed, aes, false, ["encrypt", "decrypt"]);
}

// turnOn makes the keys, and fetches the first copy of each book. What was kept before is erased.
export async function turnOn(user, businesses, pin) {
	await store.eraseBooks();
	const me = { id: store.newID(), user, businesses, tries: 0, device: await subtle().generateKey(aes, false, ["encrypt", "decrypt"]) };
	if (pin) {
		const pair = await subtle().generateKey({ ...rsa, modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]) }, true, ["encrypt", "decrypt"]);
		const salt = crypto.getRandomValues(new Uint8Array(16));
		const inner = await seal(await pinKey(pin, salt), await subtle().exportKey("pkcs8", pair.privateKey), user);
		me.public = await subtle().importKey("spki", await subtle().exportKey("spki", pair.publicKey), rsa, false, ["encrypt"]);
		me.pin = { salt, iv: inner.iv, outer: await seal(me.device, inner.data, user) };
	}
	await run("readwrite", (k) => k.put(me, "me"));
	await store.keepBooks(user);
	await refresh(user, true).catch(() => {});
	const have = await kept();
	if (have.length < businesses.length) {
		await store.eraseBooks();
		throw new Error("not fetched");
	}
}

async function close(me, business, text) {
	const about = me.user + "/" + business;
	if (!me.public) return { sealed: await seal(me.device, bytes(text), about) };
	const raw = crypto.getRandomValues(new Uint8Array(32));
	const once = await subtle().importKey("raw", raw, aes, false, ["encrypt"]);
	const inner = await seal(once, bytes(text), about);
	return { once: await subtle().encrypt(rsa, me.public, raw), iv: inner.iv, sealed: await seal(me.device, inner.data, about) };
}

async function disclose(me, unlocked, book) {
	const about = me.user + "/" + book.business;
	let data = await unseal(me.device, book.sealed, about);
	if (me.public) {
		const once = await subtle().importKey("raw", await subtle().decrypt(rsa, unlocked, book.once), aes, false, ["decrypt"]);
		data = await unseal(once, { iv: book.iv, data }, about);
	}
	return { ...JSON.parse(new TextDecoder().decode(data)), at: book.at };
}

// unlock tries a PIN. The try is counted before it is made, so that no way out saves it; after the last one everything
// is erased. It answers how many are left, or the key.
async function unlock(me, pin) {
	const now = await run("readwrite", (k, b, give) => {
		k.get("me").onsuccess = (e) => {
			const kept = e.target.result;
			if (!kept || kept.id !== me.id) return give({ left: 0 });
			kept.tries++;
			k.put(kept, "me");
			give({ left: mostTries - kept.tries });
		};
	});
	if (now.left < 0) return await store.eraseBooks(), { left: 0 };
	try {
		const inner = await unseal(me.device, me.pin.outer, me.user);
		const data = await unseal(await pinKey(pin, me.pin.salt), { iv: me.pin.iv, data: inner }, me.user);
		const key = await subtle().importKey("pkcs8", data, rsa, false, ["decrypt"]);
		await run("readwrite", (k) => k.get("me").onsuccess = (e) => e.target.result?.id === me.id && k.put({ ...e.target.result, tries: 0 }, "me"));
		return { key };
	} catch {
		if (now.left === 0) await store.eraseBooks();
		return now;
	}
}

// read answers the books of a user: { books }, { pin: true } when a PIN is needed, { left } after a wrong one, or
// nothing when none are kept.
export async function read(user, pin) {
	const flag = await store.books();
	if (!flag || flag.user !== user) return {};
	const me = await keys();
	if (!me || me.user !== user) return {};
	if (me.pin && !pin) return { pin: true };
	const opened = me.pin ? await unlock(me, pin) : {};
	if (me.pin && !opened.key) return opened;
	const books = [];
	for (const b of await kept()) books.push(await disclose(me, opened.key, b));
	return { books };
}

// state says what is kept here, without opening it.
export async function state(user) {
	const flag = await store.books();
	if (!flag || flag.user !== user) return undefined;
	const [me, books] = [await keys(), await kept()];
	return me && { pin: !!me.pin, businesses: me.businesses, at: Math.min(...books.map((b) => b.at)) };
}

const ask = (path, user) => fetch(path, { cache: "no-store", headers: { "Tijori-User": user }, signal: AbortSignal.timeout(60_000) });

// refresh is each contact with the server: it asks what may still be read here, erases the rest, and renews what is old.
export function refresh(user, now) {
	return navigator.locks.request("books", async () => {
		const flag = await store.books();
		if (!flag) return;
		const me = await keys();
		if (!me || me.user !== flag.user || user && me.user !== user) return store.eraseBooks();
		const may = await ask("/api/offline", me.user);
		if (may.status === 401) return store.eraseBooks();
		if (!may.ok) return;
		const allowed = new Set((await may.json()).businesses);
		for (const b of me.businesses) if (!allowed.has(b)) await drop(me, b);
		const left = me.businesses.filter((b) => allowed.has(b));
		if (!left.length) return store.eraseBooks();
		const old = new Map((await kept()).map((b) => [b.business, b.at]));
		for (const b of left) {
			if (!now && !flag.stale && Date.now() - (old.get(b) ?? 0) < often) continue;
			const answer = await ask(`/api/businesses/${b}/offline`, me.user);
			if (answer.status === 401) return store.eraseBooks();
			if (answer.status === 403 || answer.status === 404) await drop(me, b);
			if (!answer.ok) continue;
			const at = Date.now(), copy = await close(me, b, await answer.text());
			await run("readwrite", (k, books) => k.get("me").onsuccess = (e) => e.target.result?.id === me.id && books.put({ business: b, at, ...copy }));
			await store.freshBooks(flag);
		}
	});
}

const drop = (me, business) => run("readwrite", (k, books) => {
	books.delete(business);
	k.get("me").onsuccess = (e) => {
		const now = e.target.result;
		if (now?.id === me.id) k.put({ ...now, businesses: now.businesses.filter((b) => b !== business) }, "me");
	};
});
