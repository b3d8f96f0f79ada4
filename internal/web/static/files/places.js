// Where one was in this tab, so that ways back lead there. It goes with the tab, and with who is signed in: any page for
// nobody forgets it.
export const places = {
	get(name) {
		try {
			return JSON.parse(sessionStorage.getItem(name));
		} catch {
			return null; // a browser that keeps nothing
		}
	},
	set(name, value) {
		try {
			if (value === null) sessionStorage.removeItem(name);
			else sessionStorage.setItem(name, JSON.stringify(value));
		} catch {
			// as above
		}
	},
	forget() {
		try {
			sessionStorage.clear();
		} catch {
			// as above
		}
	},
};
