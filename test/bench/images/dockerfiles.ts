/** The base of the peers, made before anything is measured: Slipway's base with uv, its configuration and this machine's certificates. */
export const peerBase = `ARG BASE
FROM $BASE
COPY uv /usr/local/bin/uv
COPY uv.toml /etc/uv/uv.toml
COPY ca.pem /etc/ssl/certs/ca-certificates.crt
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
RUN python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH VIRTUAL_ENV=/opt/venv
WORKDIR /app
`;

const start = 'CMD ["python", "-m", "flask", "--app", "app", "run", "--host", "0.0.0.0", "--port", "8080"]';

/** Dependencies first, code last. */
function recipe(install: string): string {
  return `ARG BASE\nFROM $BASE\nCOPY requirements.txt .\nRUN ${install}\nCOPY . .\nUSER 65532\n${start}\n`;
}

export const plainPip = recipe('pip install --no-cache-dir -r requirements.txt');
export const cachedPip = recipe('--mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt');
export const cachedUv = recipe(
  '--mount=type=cache,target=/root/.cache/uv UV_LINK_MODE=copy uv pip install -r requirements.txt',
);
