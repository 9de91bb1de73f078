/** Stands in the memory of every workload, once. */
export declare const NEEDLE = "stillframe-bench-needle";
/** Where the folder of the program and its probe is in the container. */
export declare const INSIDE = "/bench";
/** The program, compiled without libraries of its own, in a folder that is to be mounted at INSIDE. */
export declare function buildBallast(folder: string): Promise<void>;
/** The command of a container of `mebibytes` whose probe has this name. */
export declare function ballastOf(mebibytes: number, probe: string): string[];
/** The shared file of one container. */
export declare class Probe {
    #private;
    constructor(folder: string, name: string);
    /** Waits until all memory is touched. */
    ready(): Promise<void>;
    /** Milliseconds that the container stood still at most while `work` was done. */
    pauseOf(work: () => Promise<unknown>): Promise<number>;
}
