/** fromHere says whether a page of this site has sent a request, and not one elsewhere with the visitor's cookie. */
export function fromHere(request: Request): boolean {
	return request.headers.get("sec-fetch-site") === "same-origin";
}
