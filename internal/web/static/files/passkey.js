// Forms for a passkey: the server's question is fetched, the device answers, and the answer goes with the form. The
// login page also offers a passkey where the e-mail is typed.
import "./password.js";

const able = "credentials" in navigator && "PublicKeyCredential" in window;
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(Array.from(new Uint8Array(buffer ?? []), (b) => String.fromCharCode(b)).join(""))
	.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

let offer = null; // the question that waits where the e-mail is typed

async function question(form) {
	const answer = await fetch(form.dataset.passkey, { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } });
	const body = await answer.json();
	if (!answer.ok) throw Object.assign(new Error(body.detail), { told: true, code: body.code });
	const asked = body.publicKey;
	asked.challenge = bytes(asked.challenge);
	if (asked.user) asked.user.id = bytes(asked.user.id);
	for (const one of [...asked.allowCredentials ?? [], ...asked.excludeCredentials ?? []]) one.id = bytes(one.id);
	return asked;
}

function written(made) {
	const r = made.response, out = { id: text(made.rawId), client_data: text(r.clientDataJSON) };
	if (r.attestationObject) return JSON.stringify({ ...out, attestation: text(r.attestationObject), transports: r.getTransports?.() ?? [] });
	return JSON.stringify({ ...out, authenticator_data: text(r.authenticatorData), signature: text(r.signature), user: text(r.userHandle) });
}

function send(form, made) {
	form.elements[form.dataset.field].value = written(made);
	form.submit();
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
	const said = form.querySelector(".passkey-error"), button = form.querySelector("button[type=submit]");
	const say = (words) => {
		said.textContent = words;
		said.hidden = !words;
	};
	form.addEventListener("submit", async (e) => {
		const field = form.elements[form.dataset.field];
		if (field.value) return;
		e.preventDefault();
		if (!able) return say(said.dataset.missing);
		say("");
		button.disabled = true;
		offer?.abort();
		try {
			const asked = await question(form);
			send(form, "makes" in form.dataset ? await navigator.credentials.create({ publicKey: asked }) : await navigator.credentials.get({ publicKey: asked }));
		} catch (err) {
			if (err.code === "step_up") return location.assign("/stepup?next=" + encodeURIComponent(location.pathname));
			say(err.told ? err.message : said.dataset.failed);
		} finally {
			button.disabled = false;
		}
	});
	addEventListener("pageshow", () => form.elements[form.dataset.field].value = "");
	if ("offers" in form.dataset && able) void offered(form);
}

// offered waits for a passkey to be chosen where the e-mail is typed. A question is good for some minutes; then it is
// asked anew.
async function offered(form) {
	if (!await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
	for (;;) {
		offer = new AbortController();
		const late = setTimeout(() => offer.abort("late"), 4 * 60_000);
		try {
			const made = await navigator.credentials.get({ publicKey: await question(form), mediation: "conditional", signal: offer.signal });
			return send(form, made);
		} catch {
			if (offer.signal.reason !== "late") return; // a button was pressed, or nothing can be offered
		} finally {
			clearTimeout(late);
		}
	}
}
