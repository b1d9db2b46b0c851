// Passkeys: asks our server what to ask the browser, and sends back what the authenticator has said. The forms it serves are hidden until it runs.
"use strict";
(() => {
  if (!window.PublicKeyCredential) return;
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const descriptor = (known) => ({ ...known, id: bytes(known.id) });

  async function asked(form) {
    const answer = await fetch(form.dataset.begin, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.detail);
    return told;
  }

  async function made(options) {
    const publicKey = { ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) }, excludeCredentials: (options.excludeCredentials || []).map(descriptor) };
    const found = await navigator.credentials.create({ publicKey });
    return { clientDataJSON: text(found.response.clientDataJSON), attestationObject: text(found.response.attestationObject), of: found };
  }

  async function shown(options) {
    const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: (options.allowCredentials || []).map(descriptor) };
    const found = await navigator.credentials.get({ publicKey });
    const { clientDataJSON, authenticatorData, signature, userHandle } = found.response;
    return { clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature), userHandle: userHandle ? text(userHandle) : null, of: found };
  }

  function say(form, words) {
    const problem = form.querySelector("[data-problem]");
    problem.hidden = !words;
    problem.querySelector("[data-words]").textContent = words;
  }

  async function run(form) {
    say(form, "");
    form.setAttribute("aria-busy", "true");
    try {
      const options = await asked(form);
      const { of: found, ...response } = await (form.dataset.passkey === "make" ? made : shown)(options);
      form.elements.credential.value = JSON.stringify({ id: found.id, rawId: text(found.rawId), type: found.type, response });
      form.requestSubmit();
    } catch (error) {
      // The browser's own words are for programmers, and the same for "not allowed", "cancelled" and "too late".
      say(form, error instanceof DOMException ? (error.name === "InvalidStateError" ? form.dataset.known : form.dataset.cancelled) : error.message);
    } finally {
      form.removeAttribute("aria-busy");
    }
  }

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      if (form.elements.credential.value) return;
      event.preventDefault();
      event.stopPropagation();
      run(form);
    });
  });
})();
